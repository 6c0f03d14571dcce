"""What the Lambda functions share; never part of the published library."""
