"""An MCP server whose callers, agents say, bring access tokens that Okta issued.

pip install okta-oidc mcp uvicorn
export OKTA_ISSUER=https://{yourOktaDomain}/oauth2/default
export OKTA_CLIENT_ID=… OKTA_CLIENT_SECRET=…
python -m examples.mcp_server
"""
