#include <report/printable.h>
#include <report/text_width.h>
#include <report/text_width_tables.h>

#include <algorithm>
#include <iterator>

namespace tally::report {
namespace {

template <std::size_t N>
bool is_in(const CodePointRange (&ranges)[N], char32_t code_point) {
  const auto* after = std::upper_bound(
      std::begin(ranges), std::end(ranges), code_point,
      [](char32_t value, const CodePointRange& range) { return value < range.first; });
  return after != std::begin(ranges) && code_point <= std::prev(after)->last;
}

int character_width(char32_t code_point) {
  if (code_point < 0x300) return 1;
  if (is_in(kZeroWidth, code_point)) return 0;
  return is_in(kWide, code_point) ? 2 : 1;
}

/// A character with the combining ones after it: what must not be cut apart.
struct Cluster {
  std::size_t begin = 0;
  std::size_t end = 0;
  int width = 0;
};

std::vector<Cluster> clusters_of(std::string_view text) {
  std::vector<Cluster> clusters;
  for (std::size_t i = 0; i < text.size();) {
    const Utf8Character character = utf8_character_at(text, i);
    const int width = character_width(character.code_point);
    if (width == 0 && !clusters.empty()) {
      clusters.back().end = i + character.length;
    } else {
      clusters.push_back({i, i + character.length, width});
    }
    i += character.length;
  }
  return clusters;
}

}  // namespace

int display_width(std::string_view text) {
  int width = 0;
  for (std::size_t i = 0; i < text.size();) {
    const Utf8Character character = utf8_character_at(text, i);
    width += character_width(character.code_point);
    i += character.length;
  }
  return width;
}

std::string shortened(std::string_view text, int width, std::string_view ellipsis) {
  if (display_width(text) <= width) return std::string(text);
  const int room = width - display_width(ellipsis);
  if (room <= 0) return std::string(ellipsis.substr(0, room == 0 ? ellipsis.size() : 0));

  const std::vector<Cluster> clusters = clusters_of(text);
  // The end of a name tells more than its middle; an odd column goes to the beginning.
  int head_room = (room + 1) / 2;
  std::size_t head = 0;
  while (head < clusters.size() && clusters[head].width <= head_room) {
    head_room -= clusters[head++].width;
  }
  int tail_room = room / 2 + head_room;
  std::size_t tail = clusters.size();
  while (tail > head && clusters[tail - 1].width <= tail_room) tail_room -= clusters[--tail].width;

  std::string out(text.substr(0, head == 0 ? 0 : clusters[head - 1].end));
  out += ellipsis;
  if (tail < clusters.size()) out += text.substr(clusters[tail].begin);
  return out;
}

std::vector<std::string> wrapped(std::string_view text, int width) {
  std::vector<std::string> lines(1);
  int used = 0;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, end);
    const int word_width = display_width(word);
    const bool first = lines.back().empty();
    if (!first && used + 1 + word_width > width) {
      lines.emplace_back(word);
      used = word_width;
    } else {
      if (!first) lines.back() += ' ';
      lines.back() += word;
      used += word_width + (first ? 0 : 1);
    }
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

}  // namespace tally::report
