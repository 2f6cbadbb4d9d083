"""What a trainer or developer needs without a network; the service never imports it."""
