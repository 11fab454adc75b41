// Gives the fast attention to earlier chapters' programs that are linked with this chapter: --engine flash.
#include "chapters/10_flash_attention/engine.hpp"
#include "common/program/engine_options.hpp"

FlashEngine flash_engine() {
    return {ch10::flash_attention, ch10::scratch_bytes};
}
