// The structure of packages/hamming, written once more from its README.md: fixed permutation, sixteen chunks of sixteen bits, at radius 31
// one flip in each (272 buckets), beside every list entry the row's next chunk, every survivor compared in full. With what a native program
// can do beyond WebAssembly: 512-bit vectors, software prefetch, and (variant `huge`) pages of 2 MiB.
//
// Variants: `ring` 2-byte signatures and 4-byte row numbers (128 bytes a hash); `huge` the same on large pages; `small` 1-byte signatures
// and 3-byte row numbers (96 bytes a hash, at most 2^24 rows), to show what the smaller form costs.
#include "common.hpp"
#include <bit>
#if defined(__AVX2__)
#include <immintrin.h>
#endif

constexpr int CHUNKS = 16;
constexpr uint32_t VALUES = 65536;
constexpr int FLIPS = 17;
/** t_i = 1 in every chunk: a match has a chunk i with d_i <= 1 and d_i + d_(i+1) <= t_i + t_(i+1) + 1. */
constexpr int PAIR_LIMIT = 3;

static uint64_t permuted[HASH_BYTES][256][4];

static void makePermutation() {
  for (int bit = 0; bit < 256; bit++) {
    const int target = (167 * bit + 13) % 256;
    for (int value = 0; value < 256; value++)
      if (value >> (bit % 8) & 1) permuted[bit / 8][value][target / 64] |= uint64_t(1) << (target % 64);
  }
}

static void permute(const uint8_t *hash, uint64_t *row) {
  uint64_t words[4] = {};
  for (size_t byte = 0; byte < HASH_BYTES; byte++)
    for (int word = 0; word < 4; word++) words[word] |= permuted[byte][hash[byte]][word];
  std::memcpy(row, words, sizeof words);
}

static uint16_t chunkOf(const uint64_t *row, int chunk) {
  return static_cast<uint16_t>(row[chunk / 4] >> (chunk % 4 * 16));
}

template <typename Signature> struct Ring {
  static constexpr bool IS_SMALL = sizeof(Signature) == 1;
  static constexpr size_t ID_BYTES = IS_SMALL ? 3 : 4;
  size_t count;
  const uint64_t *rows;
  uint32_t *bounds;
  Signature *signatures;
  uint8_t *ids;
  std::vector<uint64_t> visited;
  std::vector<uint32_t> survivors;

  Ring(const uint64_t *rows, size_t count, bool isHuge)
      : count(count), rows(rows), bounds(allocate<uint32_t>(CHUNKS * (VALUES + 1), isHuge)), signatures(allocate<Signature>(count * CHUNKS + 64, isHuge)),
        ids(allocate<uint8_t>(count * CHUNKS * ID_BYTES + 8, isHuge)), visited(count / 64 + 1) {
    std::vector<uint32_t> next(VALUES);
    for (int chunk = 0; chunk < CHUNKS; chunk++) {
      uint32_t *bound = bounds + chunk * (VALUES + 1);
      for (size_t row = 0; row < count; row++) bound[chunkOf(rows + row * 4, chunk) + 1]++;
      for (uint32_t value = 0; value < VALUES; value++) next[value] = bound[value], bound[value + 1] += bound[value];
      for (size_t row = 0; row < count; row++) {
        const size_t at = chunk * count + next[chunkOf(rows + row * 4, chunk)]++;
        signatures[at] = static_cast<Signature>(chunkOf(rows + row * 4, (chunk + 1) % CHUNKS));
        std::memcpy(ids + at * ID_BYTES, &row, ID_BYTES);
      }
    }
  }

  double bytesPerHash() const { return double(HASH_BYTES) + CHUNKS * (sizeof(Signature) + ID_BYTES) + CHUNKS * (VALUES + 1) * 4.0 / double(count); }

  void search(const uint8_t *query, std::vector<Match> &out) {
    uint64_t q[4];
    permute(query, q);
    size_t starts[CHUNKS * FLIPS], ends[CHUNKS * FLIPS];
    if (locate(q, starts, ends) > count || !filter(q, starts, ends)) {
      for (size_t row = 0; row < count; row++) compare(q, static_cast<uint32_t>(row), out);
      return;
    }
    for (const uint32_t row : survivors) __builtin_prefetch(rows + row * size_t(4));
    for (const uint32_t row : survivors) compare(q, row, out);
  }

private:
  /** Bounds of all buckets, and a prefetch of every line of their signatures. */
  size_t locate(const uint64_t *q, size_t *starts, size_t *ends) const {
    const auto boundOf = [&](int probe) {
      const int chunk = probe / FLIPS, flip = probe % FLIPS;
      return bounds + chunk * (VALUES + 1) + (chunkOf(q, chunk) ^ (flip == 0 ? 0 : 1 << (flip - 1)));
    };
    for (int probe = 0; probe < CHUNKS * FLIPS; probe++) __builtin_prefetch(boundOf(probe));
    size_t entries = 0;
    for (int probe = 0; probe < CHUNKS * FLIPS; probe++) {
      const uint32_t *bound = boundOf(probe);
      starts[probe] = probe / FLIPS * count + bound[0];
      ends[probe] = probe / FLIPS * count + bound[1];
      entries += bound[1] - bound[0];
      for (size_t at = starts[probe] & ~(63 / sizeof(Signature)); at < ends[probe]; at += 64 / sizeof(Signature)) __builtin_prefetch(signatures + at);
    }
    return entries;
  }

  /** The rows whose entries fulfil the condition, each once; false when there are too many. */
  bool filter(const uint64_t *q, const size_t *starts, const size_t *ends) {
    static thread_local std::vector<size_t> positions;
    positions.clear();
    for (int probe = 0; probe < CHUNKS * FLIPS; probe++) {
      const auto wanted = static_cast<Signature>(chunkOf(q, (probe / FLIPS + 1) % CHUNKS));
      pick(wanted, PAIR_LIMIT - (probe % FLIPS == 0 ? 0 : 1), starts[probe], ends[probe], positions);
    }
    survivors.clear();
    const size_t most = std::max<size_t>(4096, count / 16);
    bool isTooMany = false;
    for (const size_t at : positions) __builtin_prefetch(ids + at * ID_BYTES);
    for (const size_t at : positions) {
      uint32_t row = 0;
      std::memcpy(&row, ids + at * ID_BYTES, ID_BYTES);
      if (visited[row / 64] >> (row % 64) & 1) continue;
      if ((isTooMany = survivors.size() == most)) break;
      visited[row / 64] |= uint64_t(1) << (row % 64);
      survivors.push_back(row);
    }
    for (const uint32_t row : survivors) visited[row / 64] = 0;
    return !isTooMany;
  }

  /** Appends the entries of one bucket whose signature differs from the wanted one in at most `limit` bits. */
  void pick(Signature wanted, int limit, size_t from, size_t to, std::vector<size_t> &positions) const {
#if defined(__AVX512BITALG__) && defined(__AVX512BW__)
    for (size_t at = from; at < to; at += 64 / sizeof(Signature)) {
      const __m512i loaded = _mm512_loadu_si512(signatures + at);
      uint64_t passing;
      if constexpr (IS_SMALL) {
        const __m512i counts = _mm512_popcnt_epi8(_mm512_xor_si512(loaded, _mm512_set1_epi8(static_cast<char>(wanted))));
        passing = _mm512_cmple_epu8_mask(counts, _mm512_set1_epi8(static_cast<char>(limit)));
      } else {
        const __m512i counts = _mm512_popcnt_epi16(_mm512_xor_si512(loaded, _mm512_set1_epi16(static_cast<short>(wanted))));
        passing = _mm512_cmple_epu16_mask(counts, _mm512_set1_epi16(static_cast<short>(limit)));
      }
      if (to - at < 64 / sizeof(Signature)) passing &= (uint64_t(1) << (to - at)) - 1;
      for (; passing != 0; passing &= passing - 1) positions.push_back(at + static_cast<size_t>(std::countr_zero(passing)));
    }
#elif defined(__AVX2__)
    const __m256i digits = _mm256_set1_epi8(15);
    const __m256i ones = _mm256_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4, 0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4);
    for (size_t at = from; at < to; at += 32 / sizeof(Signature)) {
      const __m256i same = IS_SMALL ? _mm256_set1_epi8(static_cast<char>(wanted)) : _mm256_set1_epi16(static_cast<short>(wanted));
      const __m256i bits = _mm256_xor_si256(_mm256_loadu_si256(reinterpret_cast<const __m256i *>(signatures + at)), same);
      const __m256i bytes = _mm256_add_epi8(_mm256_shuffle_epi8(ones, _mm256_and_si256(bits, digits)),
                                            _mm256_shuffle_epi8(ones, _mm256_and_si256(_mm256_srli_epi16(bits, 4), digits)));
      const __m256i counts = IS_SMALL ? bytes : _mm256_and_si256(_mm256_add_epi16(bytes, _mm256_srli_epi16(bytes, 8)), _mm256_set1_epi16(255));
      const __m256i over = IS_SMALL ? _mm256_cmpgt_epi8(counts, _mm256_set1_epi8(static_cast<char>(limit))) : _mm256_cmpgt_epi16(counts, _mm256_set1_epi16(static_cast<short>(limit)));
      uint32_t passing = ~static_cast<uint32_t>(_mm256_movemask_epi8(over));
      if (!IS_SMALL) passing &= 0x55555555u;
      for (; passing != 0; passing &= passing - 1) {
        const size_t found = at + static_cast<size_t>(std::countr_zero(passing)) / sizeof(Signature);
        if (found >= to) break;
        positions.push_back(found);
      }
    }
#else
    for (size_t at = from; at < to; at++)
      if (std::popcount(static_cast<uint16_t>(signatures[at] ^ wanted)) <= limit) positions.push_back(at);
#endif
  }

  void compare(const uint64_t *q, uint32_t index, std::vector<Match> &out) const {
    const uint64_t *row = rows + index * size_t(4);
    int distance = std::popcount(row[0] ^ q[0]) + std::popcount(row[1] ^ q[1]);
    if (distance > RADIUS) return;
    distance += std::popcount(row[2] ^ q[2]) + std::popcount(row[3] ^ q[3]);
    if (distance <= RADIUS) out.push_back({static_cast<uint32_t>(distance), index});
  }
};

template <typename Signature> static Search build(const uint64_t *rows, size_t count, bool isHuge, const std::string &name, std::string &about) {
  const double before = cpuSeconds();
  auto *ring = new Ring<Signature>(rows, count, isHuge);
  char text[200];
  std::snprintf(text, sizeof text, "%s\"%s\":{\"buildCpuS\":%.2f,\"bytesPerHash\":%.1f}", about.empty() ? "" : ",", name.c_str(), cpuSeconds() - before, ring->bytesPerHash());
  about += text;
  return [ring](const uint8_t *query, std::vector<Match> &out) { ring->search(query, out); };
}

int main(int argc, char **argv) {
  if (argc < 4) return 2;
  makePermutation();
  const size_t count = countHashes(argv[1]);
  const auto readRows = [&](bool isHuge) {
    auto *rows = allocate<uint64_t>(count * 4, isHuge);
    readHashes(argv[1], rows, count);
    for (size_t row = 0; row < count; row++) permute(reinterpret_cast<const uint8_t *>(rows + row * 4), rows + row * 4);
    return rows;
  };
  std::vector<uint8_t> queries(countHashes(argv[2]) * HASH_BYTES);
  readHashes(argv[2], queries.data(), queries.size() / HASH_BYTES);
  const uint64_t *rows = readRows(false);
  std::map<std::string, Search> variants;
  std::string about;
  for (int i = 3; i < argc; i++) {
    const std::string name = argv[i];
    if (name == "ring") variants[name] = build<uint16_t>(rows, count, false, name, about);
    if (name == "huge") variants[name] = build<uint16_t>(readRows(true), count, true, name, about);
    if (name == "small" && count <= 1 << 24) variants[name] = build<uint8_t>(rows, count, false, name, about);
  }
  std::printf("{\"variants\":{%s}}\n", about.c_str());
  std::fflush(stdout);
  answerRequests(variants, queries);
}
