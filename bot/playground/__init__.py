"""What stands in for a cluster and a Slack: for tests without them, and to try Graylight in a minute."""
