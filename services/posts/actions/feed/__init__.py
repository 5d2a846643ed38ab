"""How posts reach home feeds: fan-out to the timelines of followers, and what keeps timelines right."""
