"""`python -m cdek_async` is `cdek-async`."""

import sys

from cdek_async.cli import main

sys.exit(main())
