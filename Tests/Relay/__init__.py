"""The relay end to end: the daemon between a scripted model and clients that look at every byte."""
