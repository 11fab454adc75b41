# Bugs planted in real kernels. Each is a copy of one file with some text replaced, compiled with the host code as it is.
# tests/cuda/planted_bugs_test.cpp says how each of them shows.

# attn_plant(bug file text instead): a changed kernel must not lose its bug in silence, so the text has to be there.
function(attn_plant bug file text instead)
  set(original ${CMAKE_SOURCE_DIR}/${file})
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${original})
  file(READ ${original} source)
  string(FIND "${source}" "${text}" at)
  if(at EQUAL -1)
    message(FATAL_ERROR "The bug ${bug} is to be planted in ${file} in place of a text that is no longer there:\n${text}\n"
      "Change it in tests/cuda/planted_bugs.cmake as the kernel has changed.")
  endif()
  string(REPLACE "${text}" "${instead}" altered "${source}")
  set(folder ${CMAKE_BINARY_DIR}/generated/planted/${bug})
  file(CONFIGURE OUTPUT ${folder}/${file} CONTENT "${altered}" @ONLY)

  add_library(planted_${bug} OBJECT ${CMAKE_CURRENT_SOURCE_DIR}/cuda/planted_kernel.cpp)
  target_include_directories(planted_${bug} BEFORE PRIVATE ${folder})
  target_compile_definitions(planted_${bug} PRIVATE KERNEL_SIDE=planted_${bug} PLANTED_BUG="${bug}")
  target_link_libraries(planted_${bug} PRIVATE attn_emulator)
  target_compile_options(planted_${bug} PRIVATE -O0)
  target_sources(attn_tests PRIVATE $<TARGET_OBJECTS:planted_${bug}>)
endfunction()

set_source_files_properties(cuda/planted_kernel.cpp PROPERTIES COMPILE_OPTIONS -Wno-sign-conversion)
set(kernels chapters/05_grouped_query_attention/cuda)
set(tensor_cores ${kernels}/4_tensor_cores.cuh)
set(prefill ${kernels}/5_flash_prefill.cuh)

attn_plant(nothing ${tensor_cores} "cp_async_wait" "cp_async_wait")

# --- what is copied, and waiting for it
attn_plant(wait_missing ${tensor_cores} "cp_async_wait<ring_stages - 1>();" "")
attn_plant(wait_allows_one_more ${tensor_cores} "cp_async_wait<ring_stages - 1>();" "cp_async_wait<ring_stages>();")
attn_plant(empty_group_not_closed ${tensor_cores}
  "        }
        cp_async_commit();"
  "            cp_async_commit();
        }")
attn_plant(syncwarp_missing_after_wait ${tensor_cores}
  "        __syncwarp();
        const Tile<head_dim> key_tile"
  "        const Tile<head_dim> key_tile")
attn_plant(syncwarp_missing_at_end ${tensor_cores} "__syncwarp();  // all lanes have read this stage" "//")

# --- the block's meetings
attn_plant(syncthreads_missing_before_merge ${tensor_cores}
  "    __syncthreads();
    arena.start_over();"
  "    arena.start_over();")
attn_plant(syncthreads_missing_after_contexts ${tensor_cores}
  "    __syncthreads();

    // A column for each thread"
  "    // A column for each thread")
attn_plant(sums_not_written ${tensor_cores} "sums[row] = softmax.sum[half];" "")
attn_plant(syncthreads_missing_in_naive ${kernels}/1_naive.cuh "    __syncthreads();" "")

# --- which number is where
attn_plant(keys_not_transposed ${tensor_cores} "load_b_transposed(key_tile" "load_b(key_tile")
attn_plant(values_transposed ${tensor_cores} "load_b(value_tile" "load_b_transposed(value_tile")
attn_plant(halves_swapped ${tensor_cores} "key.b[half]" "key.b[1 - half]")
attn_plant(context_not_rescaled ${kernels}/running_softmax.cuh "context[i].c[2 * half + 1] *= factor;" "")
attn_plant(scores_after_last_kept ${tensor_cores} "= token < last ?" "= token < last + tile_tokens ?")
attn_plant(swizzle_missing common/cuda/tile.cuh "((column / 8) ^ turn)" "((column / 8) ^ 0 * turn)")

# --- the first key
attn_plant(first_key_off_by_one ${tensor_cores} "first = split * tokens_of_split, last" "first = split * tokens_of_split - 1, last")
attn_plant(tiles_from_key_0 ${prefill} "first_key = s.first_key(s.start_pos + first_query)" "first_key = 0")
attn_plant(tiles_from_key_of_last_query ${prefill}
  "first_key = s.first_key(s.start_pos + first_query)" "first_key = s.first_key(s.start_pos + first_query + query_tile - 1)")
attn_plant(keys_before_chunk_seen ${prefill} "s.first_key(row_position) <= token" "s.first_key(row_position) - key_tile <= token")
attn_plant(first_key_not_seen ${prefill} "s.first_key(row_position) <= token" "s.first_key(row_position) < token")
attn_plant(first_key_of_row_above ${prefill} "s.first_key(row_position)" "s.first_key(position)")
attn_plant(largest_starts_at_minus_infinity ${kernels}/running_softmax.cuh "{-FLT_MAX, -FLT_MAX}" "{-INFINITY, -INFINITY}")

# --- bounds
attn_plant(tokens_after_last_copied ${tensor_cores} "is_valid = token + row < last;" "is_valid = token + row < last + tile_tokens;")
attn_plant(queries_after_group_read ${tensor_cores} "if (row < group)" "if (row < group + most_queries)")
attn_plant(contexts_after_group_written ${tensor_cores} "i < s.group() * head_dim" "i < most_queries * head_dim")
attn_plant(ring_too_short ${tensor_cores}
  "\"rings\", decode_warps * ring_stages *" "\"rings\", decode_warps * (ring_stages - 1) *")
attn_plant(stage_beyond_ring ${tensor_cores} "tile % ring_stages" "tile % (ring_stages + 1)")
