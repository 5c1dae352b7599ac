"""desk: the web pages. Agents, departments, supervisors, the city office and citizens see and act here."""
