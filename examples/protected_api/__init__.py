"""An API whose callers bring access tokens that Okta issued.

pip install okta-oidc starlette uvicorn
export OKTA_ISSUER=https://{yourOktaDomain}/oauth2/default
export OKTA_CLIENT_ID=… OKTA_CLIENT_SECRET=…
python -m examples.protected_api
curl -H "Authorization: Bearer $TOKEN" http://localhost:8081/orders
"""
