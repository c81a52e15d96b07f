"""The JSON documents of the command, schema version 1; their keys are a contract."""
