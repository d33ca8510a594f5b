"""OVN's own vocabulary: Northbound rows, plans, and the two databases."""
