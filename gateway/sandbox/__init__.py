"""What a trainer or a developer needs without Africa's Talking. Nothing here runs in production."""
