"""A web application whose users sign in at Okta.

    pip install okta-oidc starlette uvicorn
    export OKTA_ISSUER=https://{yourOktaDomain}/oauth2/default
    export OKTA_CLIENT_ID=… OKTA_CLIENT_SECRET=…
    python -m examples.web_app

``http://localhost:8080/authorization-code/callback`` has to be among the sign-in redirect URIs of
the application at Okta, and *Refresh Token* among its grants.
"""
