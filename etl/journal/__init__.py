"""What was planned, sent, answered and decided: the journal in its workspace, and what can be asked of it."""
