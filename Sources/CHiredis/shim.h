#include <read.h>
