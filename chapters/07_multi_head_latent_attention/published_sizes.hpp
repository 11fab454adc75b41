// The sizes of DeepSeek-V3, for steps that count without computing.
#pragma once
#include "chapters/07_multi_head_latent_attention/config.hpp"

namespace ch7 {

inline constexpr Config deepseek_v3{.dim = 7168,
                                    .n_heads = 128,
                                    .q_lora_rank = 1536,
                                    .kv_lora_rank = 512,
                                    .qk_nope_head_dim = 128,
                                    .qk_rope_head_dim = 64,
                                    .v_head_dim = 128,
                                    .max_batch_size = 1,
                                    .max_seq_len = 4096};

}  // namespace ch7
