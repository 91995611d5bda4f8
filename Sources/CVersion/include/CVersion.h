#pragma once

/// The commit that the program was built from: a C definition is the one way to hand a value to a build of SwiftPM's.
const char *token_broker_commit(void);
