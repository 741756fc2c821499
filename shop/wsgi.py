"""The WSGI entry point."""

import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
application = get_wsgi_application()

if settings.PRODUCTION:
    # Management commands run the checks by themselves; a server doesn't.
    from shop.ops.checks import refuse_unsafe_start

    refuse_unsafe_start()
