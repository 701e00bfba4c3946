"""The brain: pure functions from what was seen to what should be done. No I/O, no clock, no randomness."""
