"""knowledge: answers. Articles, spoken policy texts, bulletins (飞鸽) with their acknowledgements, the surge switch."""
