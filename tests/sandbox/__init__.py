"""The sandbox is tested by itself: it shares nothing with the code it serves to test."""
