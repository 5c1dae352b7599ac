"""Pure rules of the desk: what a case looks like to whom, what the figures mean, what a form says."""
