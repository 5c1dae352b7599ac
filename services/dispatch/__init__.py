"""dispatch: the only writer of cases. Judges, routes, hands out work orders, tracks several units, closes."""
