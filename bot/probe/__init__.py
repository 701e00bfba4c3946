"""Requests the way users send them, for proof and for samples."""
