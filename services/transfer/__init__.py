"""transfer: cross-city coordination and emergency hand-off, by signed requests between hotlines, with receipts."""
