"""Every setting of the shop, read from the environment; with no environment it is the embedded default."""

from __future__ import annotations

from datetime import timedelta
from email.utils import parseaddr
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured
from django.urls import reverse_lazy

from shop import env
from shop.core.languages import with_catalogues

BASE_DIR = Path(__file__).resolve().parent.parent
PRODUCTION = env.choice("SHOP_ENV", ("development", "production"), "development") == "production"
SHOP_DATA = Path(env.text("SHOP_DATA", BASE_DIR / "var")).resolve()
PORT = env.whole("PORT", 8000, least=1, most=65000)
DEBUG = env.flag("DEBUG", default=False)

# Identity of the process and of the shop.
SECRET_KEY = (
    env.text("SECRET_KEY")
    if PRODUCTION
    else env.text("SECRET_KEY", "") or env.generated_key(SHOP_DATA / "secret_key")
)
# Tokens are signed with a key of their own, so that one can be changed without the other.
JWT_SIGNING_KEY = env.text("JWT_SIGNING_KEY", f"jwt:{SECRET_KEY}")
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS") if PRODUCTION else ["127.0.0.1", "localhost", "[::1]"]
if PRODUCTION and not ALLOWED_HOSTS:
    raise ImproperlyConfigured("ALLOWED_HOSTS is required. See .env.example.")
SHOP_NAME = env.text("SHOP_NAME", "Fern & Oak")
SHOP_URL = env.text("SHOP_URL") if PRODUCTION else env.text("SHOP_URL", f"http://127.0.0.1:{PORT}")
STOREFRONT_URL = env.text("STOREFRONT_URL", "")
SHOP_ADDRESS = env.text("SHOP_ADDRESS", "Fern & Oak\nLindenweg 4\n10115 Berlin\nGermany")
SHOP_VAT_ID = env.text("SHOP_VAT_ID", "")
# A PNG or JPEG for receipts.
SHOP_LOGO = env.text("SHOP_LOGO", "")

INSTALLED_APPS = [
    # Without the part that would put the theme's own admin site in the place of the shop's.
    "unfold.apps.BasicAppConfig",
    # Filters that ask for a few rows at a time.
    "unfold.contrib.filters",
    "shop.ops.apps.AdminConfig",
    # Before Django's: of two commands of one name the first counts, and "changepassword" ends sessions here.
    "users",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "corsheaders",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "treebeard",
    "shop.api",
    "shop.audit",
    "shop.events",
    "products",
    "cart",
    "orders",
    "payments",
    "notifications",
    "shop.ops",
]

MIDDLEWARE = [
    "shop.api.middleware.RequestIdMiddleware",
    "shop.ops.metrics.MetricsMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "corsheaders.middleware.CorsMiddleware",
    "shop.api.middleware.HeadersMiddleware",
    "payments.card_guard.CardNumberMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    # Right behind it, so that nobody sees a user who still owes the second factor.
    "shop.ops.admin.marks.SecondFactorMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "shop.urls"
WSGI_APPLICATION = "shop.wsgi.application"
# A missing slash is a 404 with a named problem: a redirect would turn a POST into a GET.
APPEND_SLASH = False
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_USER_MODEL = "users.User"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    }
]

# The database.
_DATABASE = env.database("DATABASE_URL", sqlite=SHOP_DATA / "shop.sqlite3")
if _DATABASE["ENGINE"].endswith("sqlite3"):
    SHOP_DATA.mkdir(parents=True, exist_ok=True)
    _DATABASE["OPTIONS"] = {
        # A write transaction takes its lock at the start: taken later, a concurrent one fails at once.
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA cache_size=-16000;",
    }
    # A file and not memory: the threads of a race test each open a connection of their own.
    _DATABASE["TEST"] = {"NAME": str(SHOP_DATA / "test.sqlite3")}
else:
    _DATABASE["CONN_MAX_AGE"] = env.whole("DATABASE_CONN_MAX_AGE", 60)
    _DATABASE["CONN_HEALTH_CHECKS"] = True
    # A server-side cursor lives on one connection, which a transaction pooler doesn't promise.
    _DATABASE["DISABLE_SERVER_SIDE_CURSORS"] = env.flag("DATABASE_POOLED", default=False)
DATABASES = {"default": _DATABASE}

REDIS_URL = env.text("REDIS_URL", "")
CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}
    if REDIS_URL
    else {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        # By default 300: tries at so many made-up addresses would push out the counters of the real ones.
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    }
}

# Signing in.
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
PASSWORD_RESET_TIMEOUT = 3600
SIMPLE_JWT = {
    "SIGNING_KEY": JWT_SIGNING_KEY,
    "ACCESS_TOKEN_LIFETIME": timedelta(seconds=env.whole("ACCESS_TOKEN_SECONDS", 900, least=60)),
    "REFRESH_TOKEN_LIFETIME": timedelta(days=env.whole("SESSION_DAYS", 30, least=1)),
    "ISSUER": "shop",
    "AUDIENCE": "shop",
    "LEEWAY": 10,
    "UPDATE_LAST_LOGIN": False,
}
# How many proxies in front of the shop may be believed about the client's address.
TRUSTED_PROXIES = env.whole("TRUSTED_PROXIES", 0, most=10)
# Limits per client and per address are wide in development, where one person plays everybody.
LIMITS_FACTOR = env.whole("LIMITS_FACTOR", 1 if PRODUCTION else 1000, least=1)

# Whether staff need a second factor to sign in; customers choose for themselves.
STAFF_TWO_FACTOR = env.flag("STAFF_TWO_FACTOR", default=PRODUCTION)

LOGIN_URL = "/admin/login/"
LOGIN_REDIRECT_URL = "/admin/"

# The API.
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["users.authentication.SessionTokenAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["shop.api.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["shop.api.parsers.StrictJSONParser"],
    "DEFAULT_PAGINATION_CLASS": "shop.api.paging.KeysetPagination",
    "DEFAULT_SCHEMA_CLASS": "shop.api.schema.ShopSchema",
    "EXCEPTION_HANDLER": "shop.api.errors.exception_handler",
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "shop.api.renderers.Negotiation",
    "URL_FORMAT_OVERRIDE": None,
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
    "NUM_PROXIES": TRUSTED_PROXIES,
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
SPECTACULAR_SETTINGS = {
    "TITLE": "Shop API",
    "VERSION": "1",
    "OAS_VERSION": "3.1.1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1/",
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "SERVE_PUBLIC": True,
    "POSTPROCESSING_HOOKS": ["drf_spectacular.hooks.postprocess_schema_enums", "shop.api.schema.add_problem"],
    "COMPONENT_SPLIT_REQUEST": True,
    # Both fields are called "status", and the schema's names for their values must not depend on a hash.
    "ENUM_NAME_OVERRIDES": {
        "OrderStatus": "orders.models.Order.Status",
        "PaymentStatus": "payments.models.Payment.Status",
    },
}
CORS_ALLOWED_ORIGINS = env.words("CORS_ALLOWED_ORIGINS")
# A storefront in development runs on another port of the same machine.
CORS_ALLOWED_ORIGIN_REGEXES = [] if PRODUCTION else [r"^http://(localhost|127\.0\.0\.1|\[::1\])(:[0-9]+)?$"]
CORS_EXPOSE_HEADERS = [
    "X-Cart-Token",
    "Idempotent-Replayed",
    "Retry-After",
    "ETag",
    "Location",
    "X-Request-Id",
]
CORS_ALLOW_HEADERS = [
    "accept", "authorization", "content-type", "idempotency-key", "if-match", "if-none-match",
    "x-cart-token", "x-order-token", "x-request-id",
]  # fmt: skip

# Selling.
BASE_CURRENCY = env.text("BASE_CURRENCY", "EUR")
CURRENCIES = env.words("CURRENCIES", BASE_CURRENCY)
# What a cart is in once it says where it goes, unless its shopper chose another; elsewhere the base currency.
COUNTRY_CURRENCIES = env.currencies_by_country("COUNTRY_CURRENCIES")
# Where the shop is established: its taxes are in the price list, where that includes any.
SHOP_COUNTRY = env.text("SHOP_COUNTRY", "DE")
PRICES_INCLUDE_TAX = env.flag("PRICES_INCLUDE_TAX", default=True)
TAX_PROVIDER = env.text("TAX_PROVIDER", "cart.tax.table.TableOfRates")
REVIEWS_MODERATED = env.flag("REVIEWS_MODERATED", default=False)
CATALOGUE_MAX_AGE = env.whole("CATALOGUE_MAX_AGE", 5, most=3600)
# How long counts over the catalogue are remembered when nothing is edited; 0 remembers none.
CATALOGUE_CACHE = env.whole("CATALOGUE_CACHE", 60, most=86_400)
# Whose endings search knows: the languages of snowballstemmer, and "none", which takes words as they are.
SEARCH_LANGUAGES = (
    "none", "arabic", "armenian", "basque", "catalan", "czech", "danish", "dutch", "english", "esperanto", "estonian",
    "finnish", "french", "german", "greek", "hindi", "hungarian", "indonesian", "irish", "italian", "lithuanian",
    "nepali", "norwegian", "persian", "polish", "portuguese", "romanian", "russian", "serbian", "sesotho", "spanish",
    "swedish", "tamil", "turkish", "yiddish",
)  # fmt: skip
SEARCH_LANGUAGE = env.choice("SEARCH_LANGUAGE", SEARCH_LANGUAGES, "english")
SEARCH_TIME_LIMIT = env.whole("SEARCH_TIME_LIMIT", 2000, least=10, most=60_000)
ORDER_PAYMENT_WINDOW = timedelta(minutes=env.whole("ORDER_PAYMENT_WINDOW", 30, least=1))
# Which version of the terms whoever orders has to accept; empty asks for none.
ORDER_TERMS_VERSION = env.text("ORDER_TERMS_VERSION", "")
# For how many days after delivery a shopper may ask to send something back.
RETURN_WINDOW_DAYS = env.whole("RETURN_WINDOW_DAYS", 14, most=3650)
# How long a cart stays open untouched, and how long one that ended is kept.
CART_GUEST_DAYS = timedelta(days=env.whole("CART_GUEST_DAYS", 30, least=1, most=3650))
CART_CUSTOMER_DAYS = timedelta(days=env.whole("CART_CUSTOMER_DAYS", 365, least=1, most=3650))
CART_KEPT_DAYS = timedelta(days=env.whole("CART_KEPT_DAYS", 30, least=1, most=3650))
# Shorter than the week after which nobody is reminded any more; 0 reminds nobody.
CART_ABANDONED_AFTER = timedelta(minutes=env.whole("CART_ABANDONED_AFTER", 240, most=6 * 24 * 60))

# Stripe: without a key, the local fake of its API.
STRIPE_SECRET_KEY = env.text("STRIPE_SECRET_KEY", "")
STRIPE_FAKE = not STRIPE_SECRET_KEY and not PRODUCTION
STRIPE_FAKE_PORT = env.whole("STRIPE_FAKE_PORT", PORT + 1, least=1, most=65535)
STRIPE_API_BASE = env.text(
    "STRIPE_API_BASE", f"http://127.0.0.1:{STRIPE_FAKE_PORT}" if STRIPE_FAKE else "https://api.stripe.com"
)
if STRIPE_FAKE:
    STRIPE_SECRET_KEY = "sk_test_local"  # noqa: S105  (the fake takes any test key)
    STRIPE_PUBLISHABLE_KEY = "pk_test_local"
    STRIPE_WEBHOOK_SECRETS = ["whsec_local"]
else:
    STRIPE_SECRET_KEY = STRIPE_SECRET_KEY or env.text("STRIPE_SECRET_KEY")
    STRIPE_PUBLISHABLE_KEY = env.text("STRIPE_PUBLISHABLE_KEY")
    STRIPE_WEBHOOK_SECRETS = env.words("STRIPE_WEBHOOK_SECRET")
    if not STRIPE_WEBHOOK_SECRETS:
        raise ImproperlyConfigured("STRIPE_WEBHOOK_SECRET is required. See .env.example.")
if not PRODUCTION and "_live_" in STRIPE_SECRET_KEY:
    raise ImproperlyConfigured("STRIPE_SECRET_KEY is a live key: set SHOP_ENV=production to take real money.")
# When money is taken: at once, or authorized first and taken when the first parcel leaves.
PAYMENT_CAPTURE = env.choice("PAYMENT_CAPTURE", ("now", "shipping"), "now")
# What a card statement shows behind the shop's name, and whether Stripe mails its receipt beside the shop's own.
STATEMENT_DESCRIPTOR = env.statement_descriptor("STATEMENT_DESCRIPTOR")
STRIPE_RECEIPT_EMAIL = env.flag("STRIPE_RECEIPT_EMAIL", default=False)

# Events.
KAFKA_BOOTSTRAP_SERVERS = env.words("KAFKA_BOOTSTRAP_SERVERS")
EVENTS_BACKEND = env.choice(
    "EVENTS_BACKEND", ("local", "kafka"), "kafka" if KAFKA_BOOTSTRAP_SERVERS else "local"
)
if EVENTS_BACKEND == "kafka" and not KAFKA_BOOTSTRAP_SERVERS:
    raise ImproperlyConfigured(
        "KAFKA_BOOTSTRAP_SERVERS is required for EVENTS_BACKEND=kafka. See .env.example."
    )
KAFKA_SECURITY_PROTOCOL = env.choice(
    "KAFKA_SECURITY_PROTOCOL", ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"), "PLAINTEXT"
)
KAFKA_SASL_MECHANISM = env.text("KAFKA_SASL_MECHANISM", "")
KAFKA_USERNAME = env.text("KAFKA_USERNAME", "")
KAFKA_PASSWORD = env.text("KAFKA_PASSWORD", "")

# Mail: files that /dev/mailbox/ shows, unless EMAIL_URL names a server.
DEFAULT_FROM_EMAIL = env.text("DEFAULT_FROM_EMAIL", f"{SHOP_NAME.replace('&', 'and')} <shop@localhost>")
# Who hears of what staff must do; without a name, whoever mail is sent as.
STAFF_EMAIL = env.text("STAFF_EMAIL", parseaddr(DEFAULT_FROM_EMAIL)[1])
# Where answers to mails go, and what stands at their foot; without one, whoever mail is sent as.
CONTACT_EMAIL = env.text("CONTACT_EMAIL", parseaddr(DEFAULT_FROM_EMAIL)[1])
# How many mails one sender hands over in a second at most; providers refuse more than they sold.
MAIL_PER_SECOND = env.whole("MAIL_PER_SECOND", 100, least=1)
MAILBOX_DIR = SHOP_DATA / "mailbox"
if env.text("EMAIL_URL", ""):
    globals().update(env.email("EMAIL_URL"))
    EMAIL_TIMEOUT = 10
elif PRODUCTION:
    raise ImproperlyConfigured("EMAIL_URL is required. See .env.example.")
else:
    EMAIL_BACKEND = "shop.ops.mailbox.MailboxBackend"

# Language, time, numbers.
LANGUAGE_CODE = env.text("SHOP_LANGUAGE", "en")
# Words of the operator's own, which come before those of the apps.
LOCALE_PATHS = [SHOP_DATA / "locale"]
# Whatever mails can be written in; which language's catalogues are there decides it.
LANGUAGES = with_catalogues(BASE_DIR / "notifications" / "locale", *LOCALE_PATHS)
# What the catalogue may be written in, its own language first: that is what products and categories say themselves.
CATALOGUE_LANGUAGES = env.languages("SHOP_LANGUAGES", "en,de", own=LANGUAGE_CODE)
USE_I18N = True
USE_TZ = True
TIME_ZONE = env.text("SHOP_TIME_ZONE", "UTC")

# Files.
STATIC_URL = "/static/"
STATIC_ROOT = SHOP_DATA / "static"
if not PRODUCTION:
    # Nothing is collected here: files come from the apps. WhiteNoise wants the folder all the same.
    STATIC_ROOT.mkdir(parents=True, exist_ok=True)
MEDIA_ROOT = SHOP_DATA / "media"
WHITENOISE_USE_FINDERS = not PRODUCTION
STORAGES = {
    "default": env.media_storage(
        "MEDIA_STORAGE", keys=(env.text("AWS_ACCESS_KEY_ID", ""), env.text("AWS_SECRET_ACCESS_KEY", ""))
    ),
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if PRODUCTION
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}

# A bucket is reached by itself; files are served below the shop's own address.
MEDIA_URL = STORAGES["default"].get("OPTIONS", {}).get("base_url", "/media") + "/"

# The browser.
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = PRODUCTION
SECURE_REDIRECT_EXEMPT = [r"^health/"]
SECURE_HSTS_SECONDS = env.whole("SECURE_HSTS_SECONDS", 31536000 if PRODUCTION else 0)
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = PRODUCTION
# Stricter ("no-referrer") would take the Origin from admin forms, and Django then refuses them.
SECURE_REFERRER_POLICY = "same-origin"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUSTED_PROXIES else None
X_FRAME_OPTIONS = "DENY"
CSRF_TRUSTED_ORIGINS = env.words("CSRF_TRUSTED_ORIGINS")

# Operating.
METRICS_TOKEN = env.text("METRICS_TOKEN", "")
FAILPOINTS = env.pairs("SHOP_FAILPOINTS")
LOG_LEVEL = env.choice("LOG_LEVEL", ("DEBUG", "INFO", "WARNING", "ERROR"), "INFO")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"()": "shop.api.logs.LineFormatter"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    # Refusals are answers, not news; what is a bug has been logged with its trace already.
    "loggers": {"django.request": {"level": "ERROR"}},
    "root": {"handlers": ["stderr"], "level": LOG_LEVEL},
}

# The admin's look; pages and models register themselves.
UNFOLD = {
    "SITE_TITLE": SHOP_NAME,
    "SITE_HEADER": SHOP_NAME,
    "SITE_SUBHEADER": "Back office",
    "SITE_SYMBOL": "potted_plant",
    "SITE_URL": STOREFRONT_URL or "/api/docs/",
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": False,
    "ENVIRONMENT": None if PRODUCTION else "shop.ops.admin.environment_label",
    "BORDER_RADIUS": "8px",
    "ACCOUNT": {
        "navigation": [
            {"title": "Second factor", "link": reverse_lazy("admin:second_factor")},
            {"title": "Change password", "link": reverse_lazy("admin:password_change")},
        ]
    },
    "COLORS": {
        "primary": {
            "50": "#f0f7f3", "100": "#dcece3", "200": "#bad9c9", "300": "#8fc0a8", "400": "#61a183", "500": "#418467",
            "600": "#2f6b4f", "700": "#275642", "800": "#214536", "900": "#1c392e", "950": "#0e201a",
        },
    },
}  # fmt: skip
