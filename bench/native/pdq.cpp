// PDQ as the specification words it, one step after the other over whole planes of floats, which is how the reference goes about it: luma of every
// pixel; twice a box along every row and a box down every column; sampling; cosine transform; median; bits. Ours, from the specification.
// Compile without contraction to fused multiply-add: that changes results.
//
//   program PIXELS WIDTH HEIGHT      RGB, 8 bits
//
// writes {"hash":"…","quality":…} and then, for each line "time ROUNDS" of its input, {"p50":ns,"min":ns} of that many hashings.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

constexpr int GRID = 64, BLOCK = 16;
static float cosines[BLOCK][GRID];

static void fillCosines() {
  for (int i = 0; i < BLOCK; i++)
    for (int j = 0; j < GRID; j++) cosines[i][j] = static_cast<float>(static_cast<float>(std::sqrt(2.0 / GRID)) * std::cos((M_PI / 2 / GRID) * (i + 1) * (2 * j + 1)));
}

// One line of `size` samples, `step` apart: samples enter, enter and leave, leave.
static void box(const float *in, float *out, int size, int step, int window) {
  const int half = (window + 2) / 2;
  float sum = 0;
  int count = 0, left = 0, right = 0, at = 0;
  for (int i = 0; i < half - 1; i++, right += step, count++) sum += in[right];
  for (int i = 0; i < window - half + 1; i++, right += step, at += step) {
    sum += in[right];
    count++;
    out[at] = sum / count;
  }
  for (int i = 0; i < size - window; i++, right += step, left += step, at += step) {
    sum += in[right];
    sum -= in[left];
    out[at] = sum / count;
  }
  for (int i = 0; i < half - 1; i++, left += step, at += step) {
    sum -= in[left];
    count--;
    out[at] = sum / count;
  }
}

struct Picture {
  int width, height;
  std::vector<uint8_t> pixels;
};

struct Result {
  std::string hash;
  int quality;
};

static Result hashPicture(const Picture &picture, std::vector<float> &a, std::vector<float> &b) {
  const int width = picture.width, height = picture.height;
  const uint8_t *p = picture.pixels.data();
  for (int i = 0; i < width * height; i++, p += 3) a[i] = (0.299f * p[0] + 0.587f * p[1]) + 0.114f * p[2];
  const int across = (width + 127) / 128, down = (height + 127) / 128;
  for (int pass = 0; pass < 2; pass++) {
    for (int y = 0; y < height; y++) box(&a[size_t(y) * width], &b[size_t(y) * width], width, 1, across);
    for (int x = 0; x < width; x++) box(&b[x], &a[x], height, width, down);
  }
  static float grid[GRID][GRID], product[BLOCK][GRID], block[BLOCK * BLOCK];
  for (int i = 0; i < GRID; i++)
    for (int j = 0; j < GRID; j++) grid[i][j] = a[size_t((i + 0.5) * height / GRID) * width + size_t((j + 0.5) * width / GRID)];
  int steps = 0;
  const auto step = [](float u, float v) { return std::abs(static_cast<int>(((u - v) * 100) / 255)); };
  for (int i = 0; i < GRID - 1; i++)
    for (int j = 0; j < GRID; j++) steps += step(grid[i][j], grid[i + 1][j]);
  for (int i = 0; i < GRID; i++)
    for (int j = 0; j < GRID - 1; j++) steps += step(grid[i][j], grid[i][j + 1]);
  for (int i = 0; i < BLOCK; i++)
    for (int j = 0; j < GRID; j++) {
      float sum = 0;
      for (int k = 0; k < GRID; k++) sum += cosines[i][k] * grid[k][j];
      product[i][j] = sum;
    }
  for (int i = 0; i < BLOCK; i++)
    for (int j = 0; j < BLOCK; j++) {
      float sum = 0;
      for (int k = 0; k < GRID; k++) sum += product[i][k] * cosines[j][k];
      block[i * BLOCK + j] = sum;
    }
  std::vector<float> sorted(block, block + BLOCK * BLOCK);
  std::nth_element(sorted.begin(), sorted.begin() + 127, sorted.end());
  const float median = sorted[127];
  std::string hash;
  for (int at = BLOCK * BLOCK - 4; at >= 0; at -= 4) {
    int digit = 0;
    for (int bit = 3; bit >= 0; bit--) digit = digit * 2 + (block[at + bit] > median);
    hash += "0123456789abcdef"[digit];
  }
  return {hash, std::min(100, steps / 90)};
}

int main(int argc, char **argv) {
  if (argc < 4) return 2;
  fillCosines();
  Picture picture{std::atoi(argv[2]), std::atoi(argv[3]), {}};
  picture.pixels.resize(size_t(picture.width) * picture.height * 3);
  std::ifstream file(argv[1], std::ios::binary);
  if (!file.read(reinterpret_cast<char *>(picture.pixels.data()), static_cast<std::streamsize>(picture.pixels.size()))) return 1;
  std::vector<float> a(size_t(picture.width) * picture.height), b(a.size());
  const Result result = hashPicture(picture, a, b);
  std::printf("{\"hash\":\"%s\",\"quality\":%d}\n", result.hash.c_str(), result.quality);
  std::fflush(stdout);
  std::string command;
  int rounds;
  while (std::cin >> command >> rounds) {
    std::vector<long> times;
    for (int i = 0; i < rounds; i++) {
      const auto began = std::chrono::steady_clock::now();
      if (hashPicture(picture, a, b).quality != result.quality) return 3;
      times.push_back(std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now() - began).count());
    }
    std::sort(times.begin(), times.end());
    std::printf("{\"p50\":%ld,\"min\":%ld}\n", times[times.size() / 2], times[0]);
    std::fflush(stdout);
  }
}
