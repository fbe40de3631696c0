"""From a campaign file to prospects."""
