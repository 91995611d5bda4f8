#include "CVersion.h"

const char *token_broker_commit(void) { return TOKEN_BROKER_COMMIT; }
