"""The MCP server: tools for a model, each of them a call of `/v1` with the caller's own credential.

So a tool can do no more than its caller could by HTTP, and what roles, scopes, limits, idempotency and the audit mean is said
once. `endpoint` serves it at `/mcp`; `proofroom mcp` on standard input and output, for a service anywhere. Nothing but the
endpoint is loaded before somebody asks: the library takes 0.3 s of CPU and 17 MB.
"""
