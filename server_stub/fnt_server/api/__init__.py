"""REST: one blueprint a subject, each exposed as `bp`."""
