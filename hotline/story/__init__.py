"""Stories: nights of the hotline as data, played against the running platform through its real doors."""
