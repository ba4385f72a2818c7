"""What the shop shows of what was migrated: log in as a migrated user, and look."""
