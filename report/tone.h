// How a piece of a report is meant; renderers decide what that looks like.
#pragma once

namespace tally::report {

enum class Tone { kNormal, kStrong, kMuted, kGood, kBad, kWarning };

}  // namespace tally::report
