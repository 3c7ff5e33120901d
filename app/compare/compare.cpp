#include <app/compare/compare.h>
#include <app/compare/compare_gates.h>
#include <app/parse_number.h>
#include <app/read_config.h>
#include <formulas/families/hf_config.h>
#include <report/quantities.h>
#include <report/views.h>

#include <algorithm>
#include <utility>

namespace tally::app {
namespace {

using inspector::GivenSpec;
using inspector::GuideFlags;
using inspector::Reconciliation;
using inspector::TermLine;
using report::grouped;
using report::plural;

/// A flag and what it needs beside it.
struct Flag {
  const char* name;
  bool given;
};

/// Refuses the first of `flags` that is given, with `why` and `hint`.
Result<Unit> refuse(std::initializer_list<Flag> flags, const std::string& why,
                    const std::string& hint) {
  for (const Flag& flag : flags) {
    if (flag.given) return Error{ErrorCode::kUsage, std::string(flag.name) + " " + why, hint};
  }
  return Unit{};
}

/// A flag that does nothing beside the others is a mistake, not a wish.
Result<Unit> check_flags(const CompareRequest& r) {
  if (!r.profile.empty() && r.profile != "guide") {
    return Error{ErrorCode::kUsage, "--profile: there is no profile " + r.profile,
                 "the profile is guide"};
  }
  const Flag sizes[] = {{"--vocab-size", !r.vocab_size.empty()},
                        {"--hidden-size", !r.hidden_size.empty()},
                        {"--num-layers", !r.num_layers.empty()}};
  if (r.profile.empty()) {
    if (auto done = refuse({sizes[0], sizes[1], sizes[2]}, "does nothing without --profile guide",
                           "leave it out, or --set PATH=VALUE for a field of the "
                           "specification");
        !done)
      return done;
  } else if (auto done = refuse({{"--config", !r.config.empty()},
                                 {"--expect-config", !r.expect_config.empty()},
                                 {"--family", !r.family.empty()},
                                 {"--architecture", !r.architecture.empty()},
                                 {"--set", !r.settings.empty()},
                                 {"--num-heads", !r.num_heads.empty()},
                                 {"--head-dim", !r.head_dim.empty()},
                                 {"--all-fields", r.every_field}},
                                "does nothing with --profile guide",
                                "the guide's formula is of the vocabulary, the hidden size "
                                "and the layers; leave out one of the two");
             !done) {
    return done;
  }
  if (!r.config.empty() && !r.expect_config.empty()) {
    return Error{ErrorCode::kUsage, "--config and --expect-config both name a specification",
                 "give one of them"};
  }
  if (!r.config.empty() || !r.expect_config.empty()) return Unit{};
  return refuse({{"--family", !r.family.empty()}, {"--architecture", !r.architecture.empty()}},
                "does nothing without --config or --expect-config",
                "name the config.json that it is about");
}

/// Reads `text` as a count into `value`, if there is one.
Result<Unit> read_count(const char* field, const std::string& text,
                        std::optional<std::int64_t>& value) {
  if (text.empty()) return Unit{};
  const auto count = parse_count(field, text);
  if (!count) return count.error();
  value = *count;
  return Unit{};
}

Result<GuideFlags> guide_flags(const CompareRequest& request) {
  GuideFlags flags;
  const struct {
    const char* field;
    const std::string& text;
    std::optional<std::int64_t>& value;
  } sizes[] = {{"vocab_size", request.vocab_size, flags.vocab_size},
               {"hidden_size", request.hidden_size, flags.hidden_size},
               {"num_layers", request.num_layers, flags.num_layers}};
  for (const auto& [field, text, value] : sizes) {
    if (const auto read = read_count(field, text, value); !read) return read.error();
  }
  return flags;
}

/// `error` with the place where it arose in front.
Error at_place(const std::string& place, const Error& error) {
  return {error.code, place + ": " + error.message, error.hint};
}

Result<GivenSpec> given_spec(const CompareRequest& request) {
  GivenSpec given;
  if (const auto read = read_count("num_heads", request.num_heads, given.flags.num_heads); !read)
    return read.error();
  if (const auto read = read_count("head_dim", request.head_dim, given.flags.head_dim); !read)
    return read.error();
  for (const std::string& setting : request.settings) {
    const auto equals = setting.find('=');
    if (equals == std::string::npos || equals == 0) {
      return Error{ErrorCode::kUsage, "--set: " + setting + " is not PATH=VALUE",
                   "for example --set decoder.attention.q_bias=no"};
    }
    given.settings.emplace_back(setting.substr(0, equals), setting.substr(equals + 1));
  }
  const std::string& path = request.config.empty() ? request.expect_config : request.config;
  if (path.empty()) return given;
  const auto text = read_config(path);
  if (!text) return text.error();
  formulas::HfConfigOptions names;
  names.family = request.family;
  names.architecture = request.architecture;
  const auto config = formulas::spec_from_hf_config(*text, names);
  if (!config) return at_place(path, config.error());
  given.config = config->spec;
  given.config_name = path;
  return given;
}

/// The model, read and counted, held against nothing yet.
Result<Compared> read_model(const LoadOptions& load, const LoadObserver& observer) {
  auto answer = load_one(load, observer);
  if (!answer) return at_place(load.paths.front(), answer.error());
  Compared compared;
  compared.snapshot = std::move(answer->snapshot);
  const auto census = take_census(compared.snapshot);
  if (!census) return at_place(load.paths.front(), census.error());
  compared.weights = find_weights(compared.snapshot, *census);
  compared.declared = check_declared(compared.snapshot, compared.weights);
  return compared;
}

std::string formula_verdict(const Compared& c) {
  const Reconciliation& r = c.formulas().comparison.terms;
  const std::string real = grouped(Int128{r.real_params});
  if (r.lines.empty() && c.declared.modules.empty())
    return "none: " + real + " parameters, and no module declares its sizes";
  if (r.lines.empty())
    return "none: held module by module against what each declares, " + real + " parameters";
  if (r.exact())
    return "exact: " + plural(r.lines.size(), "term") + ", " + real +
           " parameters, nothing unexplained";
  std::string text = "residual " + report::text_of(report::Difference{r.residual()}) + " of " +
                     real + " parameters";
  const auto off = std::count_if(r.lines.begin(), r.lines.end(),
                                 [](const TermLine& line) { return line.difference() != 0; });
  if (off > 0) text += ", " + plural(off, "term") + " not met";
  if (!r.unexplained.empty())
    text += ", " + plural(r.unexplained.size(), "tensor") + " unexplained (" +
            grouped(Int128{r.unexplained_params}) + ")";
  return text;
}

std::string guide_verdict(const inspector::GuideComparison& guide) {
  const auto off = std::count_if(
      guide.rows.begin(), guide.rows.end(),
      [](const inspector::GuideRow& row) { return row.depth == 0 && row.difference_params != 0; });
  return "residual " + report::text_of(report::Difference{guide.total.difference_params}) + " of " +
         grouped(Int128{guide.total.real_params}) + " parameters, " + plural(off, "component") +
         " not met";
}

}  // namespace

Result<Compared> compare(const CompareRequest& request, const LoadObserver& observer) {
  if (const auto sensible = check_flags(request); !sensible) return sensible.error();
  const auto checks = read_checks(request);
  if (!checks) return checks.error();
  const auto flags = guide_flags(request);
  if (!flags) return flags.error();
  const auto given = given_spec(request);
  if (!given) return given.error();
  auto compared = read_model(request.load, observer);
  if (!compared) return compared.error();
  const std::string& path = request.load.paths.front();
  if (!request.profile.empty()) {
    auto guide = compare_with_guide(compared->snapshot, compared->weights, *flags);
    if (!guide) return at_place(path, guide.error());
    compared->held = std::move(*guide);
  } else {
    auto formulas = inspector::compare(compared->snapshot, compared->weights, *given);
    if (!formulas) return at_place(path, formulas.error());
    auto changes = export_changes(compared->snapshot, compared->weights, formulas->terms);
    compared->held = FormulaComparison{std::move(*formulas), std::move(changes)};
  }
  compared->gates = evaluate(*checks, *compared);
  return compared;
}

Outcome outcome_of(const Compared& compared) {
  return all_passed(compared.gates) ? Outcome::kPassed : Outcome::kCheckFailed;
}

std::string verdict(const Compared& compared) {
  return compared.is_guide() ? guide_verdict(compared.guide()) : formula_verdict(compared);
}

ModuleSums sums_of(const inspector::DeclaredModules& declared) {
  ModuleSums sums;
  sums.real_params = declared.other_params;
  for (const inspector::DeclaredModule& module : declared.modules) {
    sums.predicted_params += module.predicted_params;
    sums.real_params += module.real_params;
  }
  return sums;
}

std::string change_formula(const inspector::TermChange& change, const Reconciliation& terms) {
  if (!change.formula.empty()) return change.formula;
  const auto line = std::find_if(terms.lines.begin(), terms.lines.end(),
                                 [&](const TermLine& one) { return one.key == change.term; });
  const std::string product =
      line == terms.lines.end() ? change.term.text() : line->symbols() + " = " + line->numbers();
  return change.params < 0 ? "tied, no longer counted again: " + product
                           : "no longer tied, counted: " + product;
}

}  // namespace tally::app
