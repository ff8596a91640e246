// What the native comparisons share: raw files of 32-byte hashes, one clock reading before and after each query, and a small protocol.
//
//   program HASHES QUERIES VARIANT…
//
// builds each variant, writes one line of JSON about itself, then answers each line of its input with one line of JSON:
//   time VARIANT FROM TO    ns of one pass over these queries: {"p50":…,"p99":…,"min":…,"max":…}
//   hits VARIANT            {"counts":[…],"sums":[…]}, for every query its matches and a sum over them by distance, then index
// and ends when its input ends. So a bench can ask several programs in turn, which is what makes ratios on a shared machine worth something.
#pragma once
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fstream>
#include <functional>
#include <iostream>
#include <map>
#include <sstream>
#include <string>
#include <sys/mman.h>
#include <vector>

constexpr int RADIUS = 31;
constexpr size_t HASH_BYTES = 32;

struct Match {
  uint32_t distance, index;
};

/** Every hash within RADIUS of 32 bytes, in any order. */
using Search = std::function<void(const uint8_t *query, std::vector<Match> &out)>;

/** Pages of 4 KiB, or of 2 MiB where the system gives them. Never freed: the process ends. */
template <typename T> T *allocate(size_t count, bool isHuge = false) {
  const size_t bytes = (count * sizeof(T) + (2 << 20)) & ~size_t((2 << 20) - 1);
  void *memory = mmap(nullptr, bytes + (2 << 20), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) {
    std::perror("mmap");
    std::exit(1);
  }
  auto aligned = (reinterpret_cast<uintptr_t>(memory) + (2 << 20) - 1) & ~uintptr_t((2 << 20) - 1);
  madvise(reinterpret_cast<void *>(aligned), bytes, isHuge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
  return reinterpret_cast<T *>(aligned);
}

inline size_t countHashes(const char *path) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  if (!file) {
    std::fprintf(stderr, "cannot read %s\n", path);
    std::exit(1);
  }
  return static_cast<size_t>(file.tellg()) / HASH_BYTES;
}

inline void readHashes(const char *path, void *target, size_t count) {
  std::ifstream file(path, std::ios::binary);
  file.read(static_cast<char *>(target), static_cast<std::streamsize>(count * HASH_BYTES));
  if (!file) {
    std::fprintf(stderr, "%s ends too early\n", path);
    std::exit(1);
  }
}

inline double cpuSeconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

inline void sortMatches(std::vector<Match> &matches) {
  std::sort(matches.begin(), matches.end(), [](const Match &a, const Match &b) {
    return a.distance != b.distance ? a.distance < b.distance : a.index < b.index;
  });
}

inline void answerTime(const Search &search, const std::vector<uint8_t> &queries, size_t from, size_t to) {
  std::vector<double> times;
  std::vector<Match> out;
  for (size_t i = from; i < to; i++) {
    const auto began = std::chrono::steady_clock::now();
    out.clear();
    search(&queries[i * HASH_BYTES], out);
    sortMatches(out);
    times.push_back(std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - began).count());
  }
  std::sort(times.begin(), times.end());
  const auto at = [&](double share) { return times[std::min(times.size() - 1, static_cast<size_t>(share * static_cast<double>(times.size())))]; };
  std::printf("{\"p50\":%.0f,\"p99\":%.0f,\"min\":%.0f,\"max\":%.0f}\n", at(0.5), at(0.99), at(0), at(1));
}

inline void answerHits(const Search &search, const std::vector<uint8_t> &queries) {
  std::ostringstream counts, sums;
  std::vector<Match> out;
  for (size_t i = 0; i < queries.size() / HASH_BYTES; i++) {
    out.clear();
    search(&queries[i * HASH_BYTES], out);
    sortMatches(out);
    uint32_t sum = 2166136261u;
    for (const auto &match : out) sum = ((sum ^ match.index) * 16777619u ^ match.distance) * 16777619u;
    counts << (i == 0 ? "" : ",") << out.size();
    sums << (i == 0 ? "" : ",") << sum;
  }
  std::printf("{\"counts\":[%s],\"sums\":[%s]}\n", counts.str().c_str(), sums.str().c_str());
}

inline void answerRequests(const std::map<std::string, Search> &variants, const std::vector<uint8_t> &queries) {
  std::string line;
  while (std::getline(std::cin, line)) {
    std::istringstream words(line);
    std::string request, name;
    size_t from = 0, to = 0;
    words >> request >> name >> from >> to;
    const auto found = variants.find(name);
    if (found == variants.end()) std::printf("{\"error\":\"no such variant\"}\n");
    else if (request == "time") answerTime(found->second, queries, from, std::min(to, queries.size() / HASH_BYTES));
    else answerHits(found->second, queries);
    std::fflush(stdout);
  }
}
