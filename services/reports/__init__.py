"""Figures, daily reports and hot topics, from every event of cases and contacts."""
