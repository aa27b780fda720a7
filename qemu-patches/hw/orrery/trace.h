#include "trace/trace-hw_orrery.h"
