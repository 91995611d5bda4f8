"""What the status page says to whoever has no scripts."""

import html
import re

from rig.broker import Broker
from rig.wire import get


def page_text(broker: Broker) -> str:
    page = get(broker.operations, "/").body.decode()
    return html.unescape(re.search("<pre[^>]*>(.*?)</pre>", page, re.DOTALL)[1])
