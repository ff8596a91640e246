// Brute force: one query against all hashes, one after the other. Two ways of counting: std::popcount as the compiler makes it, and 512 bits at a time.
#include "common.hpp"
#include <bit>
#if defined(__AVX512VPOPCNTDQ__)
#include <immintrin.h>
#endif

static void scanPlain(const uint64_t *rows, size_t from, size_t to, const uint8_t *query, std::vector<Match> &out) {
  uint64_t q[4];
  std::memcpy(q, query, sizeof q);
  for (size_t row = from; row < to; row++) {
    const uint64_t *at = rows + row * 4;
    const int distance = std::popcount(at[0] ^ q[0]) + std::popcount(at[1] ^ q[1]) + std::popcount(at[2] ^ q[2]) + std::popcount(at[3] ^ q[3]);
    if (distance <= RADIUS) out.push_back({static_cast<uint32_t>(distance), static_cast<uint32_t>(row)});
  }
}

#if defined(__AVX512VPOPCNTDQ__)
// Eight hashes a turn: the counts of their 32 words are added up in place, then compared at once.
static void scanVectors(const uint64_t *rows, size_t count, const uint8_t *query, std::vector<Match> &out) {
  const __m512i wanted = _mm512_broadcast_i64x4(_mm256_loadu_si256(reinterpret_cast<const __m256i *>(query)));
  const __m512i most = _mm512_set1_epi64(RADIUS);
  const auto load = [&](size_t row) { return _mm512_popcnt_epi64(_mm512_xor_si512(_mm512_loadu_si512(rows + row * 4), wanted)); };
  size_t row = 0;
  for (; row + 8 <= count; row += 8) {
    const __m512i a = load(row), b = load(row + 2), c = load(row + 4), d = load(row + 6);
    const __m512i ab = _mm512_add_epi64(_mm512_unpacklo_epi64(a, b), _mm512_unpackhi_epi64(a, b));
    const __m512i cd = _mm512_add_epi64(_mm512_unpacklo_epi64(c, d), _mm512_unpackhi_epi64(c, d));
    const __m512i even = _mm512_add_epi64(ab, _mm512_shuffle_i64x2(ab, ab, 0b10110001));
    const __m512i odd = _mm512_add_epi64(cd, _mm512_shuffle_i64x2(cd, cd, 0b10110001));
    if ((_mm512_cmple_epu64_mask(even, most) | _mm512_cmple_epu64_mask(odd, most)) != 0) scanPlain(rows, row, row + 8, query, out);
  }
  scanPlain(rows, row, count, query, out);
}
#endif

int main(int argc, char **argv) {
  if (argc < 3) return 2;
  const size_t count = countHashes(argv[1]);
  auto *rows = allocate<uint64_t>(count * 4);
  readHashes(argv[1], rows, count);
  std::vector<uint8_t> queries(countHashes(argv[2]) * HASH_BYTES);
  readHashes(argv[2], queries.data(), queries.size() / HASH_BYTES);
  std::map<std::string, Search> variants;
  variants["popcount"] = [=](const uint8_t *query, std::vector<Match> &out) { scanPlain(rows, 0, count, query, out); };
#if defined(__AVX512VPOPCNTDQ__)
  variants["avx512"] = [=](const uint8_t *query, std::vector<Match> &out) { scanVectors(rows, count, query, out); };
#endif
  std::printf("{\"variants\":[\"popcount\"%s]}\n", variants.size() > 1 ? ",\"avx512\"" : "");
  std::fflush(stdout);
  answerRequests(variants, queries);
}
