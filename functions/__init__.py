"""The Lambda functions: one folder, one function, one thin handler."""
