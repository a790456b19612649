"""Who visits which drawn firm, and when: at random, within eligibility, loads as level as it allows."""
