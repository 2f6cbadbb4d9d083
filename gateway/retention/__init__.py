"""What is past its age goes, and keys are replaced."""
