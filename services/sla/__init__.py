"""sla: deadlines. Warns and tells of a breach exactly once; a unit that stays silent has accepted."""
