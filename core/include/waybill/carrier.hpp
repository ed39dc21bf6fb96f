#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <type_traits>

#include "waybill/config.hpp"

namespace waybill::inline v0 {

/// What kind of value a carrier holds under a name.
enum class value_kind : std::uint8_t {
  text,      ///< Bytes; they may be empty.
  null,      ///< The name is there with a null value: as good as absent.
  not_text,  ///< A type that carries no text (a number, a table): malformed in a field of ours.
};

/// A header's value as a carrier shows it. Borrows the carrier's bytes.
struct field_value {
  std::string_view text;               ///< Any bytes; of null and not_text nothing.
  value_kind kind = value_kind::text;  ///< What there is.

  constexpr field_value() noexcept = default;
  /// Text, or another kind.
  /// @{
  constexpr field_value(std::string_view bytes) noexcept : text(bytes) {}  // NOLINT(*-explicit-*)
  constexpr field_value(std::string_view bytes, value_kind k) noexcept : text(bytes), kind(k) {}
  /// @}
};

/// Which value counts when a name is there more than once.
enum class duplicate_rule : std::uint8_t {
  combine,  ///< HTTP: list fields are joined in order; a repeated traceparent must be identical.
  last,     ///< Brokers: append-only senders leave the newest at the end. It alone decides.
  first,    ///< The oldest, where that one is trusted more.
  reject,   ///< A field that is repeated is refused.
};

/// Which spellings of a name are the field.
enum class name_rule : std::uint8_t {
  ignore_case,   ///< HTTP: every ASCII-case spelling, all alike.
  prefer_exact,  ///< Brokers: the format's own spelling; another one only when that is missing.
  exact,         ///< Only the format's own spelling.
};

/// How a carrier's duplicates and spellings are read. Every carrier says it by a member `rules`, a
/// function or not: usually http_rules or broker_rules. Brokers' headers that are read by HTTP's
/// rules would lose every message that was sent again, so there is no default.
struct carrier_rules {
  duplicate_rule duplicates;  ///< Of several values.
  name_rule names;            ///< Of several spellings.
};

/// The rules of HTTP headers.
inline constexpr carrier_rules http_rules{duplicate_rule::combine, name_rule::ignore_case};
/// The rules of the headers of Kafka, AMQP and MQTT.
inline constexpr carrier_rules broker_rules{duplicate_rule::last, name_rule::prefer_exact};

/// Distinguishes most names of headers from the names it holds, by length and first letter, without
/// a call. A copy stays in registers.
class field_name_filter {
 public:
  /// Holds none.
  constexpr field_name_filter() noexcept = default;
  /// Holds one name.
  constexpr explicit field_name_filter(std::string_view name) noexcept { add(name); }
  /// Lets every name of 1 to 63 bytes through.
  [[nodiscard]] static constexpr field_name_filter all() noexcept {
    field_name_filter made;
    made.lengths_ = ~std::uint64_t{1};
    made.first_letters_ = ~std::uint32_t{0};
    return made;
  }
  /// Adds a name of 1 to 63 bytes; others are not held.
  constexpr void add(std::string_view name) noexcept {
    if (name.empty() || name.size() > 63) return;
    lengths_ |= std::uint64_t{1} << name.size();
    first_letters_ |= bit_of(name.front());
  }

  /// False when no name begins with this letter, in either case: for clients that show the names of
  /// headers without their length.
  [[nodiscard]] constexpr bool may_begin(char letter) const noexcept {
    return (first_letters_ & bit_of(letter)) != 0;
  }
  /// False when the filter does not hold this name in any ASCII-case spelling.
  [[nodiscard]] constexpr bool may_be(std::string_view name) const noexcept {
    return name.size() < 64 && ((lengths_ >> name.size()) & 1) != 0 && may_begin(name.front());
  }

 private:
  /// The same for both cases of a letter, and for a few other characters.
  static constexpr std::uint32_t bit_of(char letter) noexcept {
    return std::uint32_t{1} << (static_cast<unsigned char>(letter) % 32);
  }

  std::uint64_t lengths_ = 0;        // bit n: some name has n bytes; never bit 0
  std::uint32_t first_letters_ = 0;  // bits by letter
};

/// Takes the headers that a carrier shows, one call each, in the carrier's order. Most names that
/// are not a field's are passed over without a call.
class field_visitor {
 public:
  /// What is called with `state` for each header that may be a field.
  using function = void (*)(void* state, std::string_view name, const field_value& value) noexcept;
  /// Calls `call` for headers that may be one of `names`.
  constexpr field_visitor(function call, void* state, field_name_filter names) noexcept
      : call_(call), state_(state), names_(names) {}

  /// Shows one header.
  /// @{
  void operator()(std::string_view name, const field_value& value) const noexcept {
    if (names_.may_be(name)) call_(state_, name, value);
  }
  void operator()(std::string_view name, std::string_view text) const noexcept {
    if (names_.may_be(name)) call_(state_, name, field_value(text));
  }
  /// @}

 private:
  function call_;
  void* state_;
  field_name_filter names_;
};

/// A carrier that shows all its headers: `for_each(f)` calls f(name, value) for each in order,
/// `value` a std::string_view or a field_value.
template <class C>
concept visitable_carrier = requires(const C& carrier, const field_visitor& visit) {
  carrier.for_each(visit);
};

/// A carrier that can only be asked by name, with one value for each: a map, a web framework's
/// request. `get(name)` answers std::optional<std::string_view> of bytes that the carrier owns (a
/// std::string that is returned would be gone before it is read); the name is spelled as the format
/// spells it.
template <class C>
concept keyed_carrier = requires(const C& carrier, std::string_view name) {
  { carrier.get(name) } -> std::same_as<std::optional<std::string_view>>;
};

/// A carrier that says how its duplicates and spellings are read.
template <class C>
concept carrier_with_rules = requires(const C& carrier) {
  { carrier.rules() } -> std::convertible_to<carrier_rules>;
}
|| requires(const C& carrier) {
  { carrier.rules } -> std::convertible_to<carrier_rules>;
};

/// What context can be read from. for_each is used when there are both.
template <class C>
concept readable_carrier = (visitable_carrier<C> || keyed_carrier<C>)&&carrier_with_rules<C>;

/// What context can be written to. `set(name, value)` replaces every older value of the name,
/// `erase(name)` takes all of them away; names arrive as the format spells them and mean every
/// spelling that the carrier's rules count as the field.
template <class C>
concept writable_carrier = requires(C& carrier, std::string_view name, std::string_view value) {
  carrier.set(name, value);
  carrier.erase(name);
};

/// Specialise as true for a carrier that is itself only a view of something longer-lived (such as
/// an adapter's reader): then a borrowed context may be read from a temporary of it.
template <class C>
inline constexpr bool is_borrowed_carrier = false;

/// A reference to any readable carrier: 16 bytes, no ownership. What compiled code takes.
class reader_ref {
 public:
  /// Refers to `carrier`, which outlives this.
  template <readable_carrier C>
  // NOLINTNEXTLINE(*-explicit-*): any carrier is an argument
  requires(!std::same_as<C, reader_ref>) reader_ref(const C& carrier)
  noexcept : carrier_(&carrier), functions_(&functions_for<C>) {}

  /// The carrier's own rules.
  [[nodiscard]] carrier_rules rules() const noexcept { return functions_->rules(carrier_); }
  /// False when the carrier's own function threw.
  bool for_each(const field_visitor& visit) const noexcept {
    return functions_->for_each(carrier_, visit);
  }
  /// Whether it shows all of its fields; if not, it is asked for each name.
  [[nodiscard]] bool is_visitable() const noexcept { return functions_->visitable; }
  /// Asks for one name; false when the carrier's own function threw.
  bool get(std::string_view name, const field_visitor& visit) const noexcept {
    return functions_->get(carrier_, name, visit);
  }

 private:
  struct functions {
    bool visitable;
    carrier_rules (*rules)(const void*) noexcept;
    bool (*for_each)(const void*, const field_visitor&) noexcept;
    bool (*get)(const void*, std::string_view, const field_visitor&) noexcept;
  };

  template <class C>
  static carrier_rules rules_of(const void* carrier) noexcept {
    if constexpr (requires(const C& c) {
                    { c.rules() } -> std::convertible_to<carrier_rules>;
                  }) {
      WAYBILL_TRY { return static_cast<const C*>(carrier)->rules(); }
      // The strictest, where even that cannot be known.
      WAYBILL_CATCH_ALL { return {duplicate_rule::reject, name_rule::ignore_case}; }
    } else {
      return static_cast<const C*>(carrier)->rules;
    }
  }
  template <class C>
  static bool visit_all([[maybe_unused]] const void* carrier,
                        [[maybe_unused]] const field_visitor& visit) noexcept {
    if constexpr (visitable_carrier<C>) {
      WAYBILL_TRY {
        static_cast<const C*>(carrier)->for_each(visit);
        return true;
      }
      WAYBILL_CATCH_ALL { return false; }
    } else {
      return true;
    }
  }
  template <class C>
  static bool visit_one([[maybe_unused]] const void* carrier,
                        [[maybe_unused]] std::string_view name,
                        [[maybe_unused]] const field_visitor& visit) noexcept {
    if constexpr (!visitable_carrier<C>) {
      WAYBILL_TRY {
        const std::optional<std::string_view> value = static_cast<const C*>(carrier)->get(name);
        if (value.has_value()) visit(name, *value);
        return true;
      }
      WAYBILL_CATCH_ALL { return false; }
    } else {
      return true;
    }
  }
  template <class C>
  static constexpr functions functions_for{visitable_carrier<C>, &rules_of<C>, &visit_all<C>,
                                           &visit_one<C>};

  const void* carrier_;
  const functions* functions_;
};

/// A reference to any writable carrier: 16 bytes, no ownership. What compiled code takes.
/// Both calls answer false when the carrier's own function threw.
class writer_ref {
 public:
  /// Refers to `carrier`, which outlives this.
  template <writable_carrier C>
  // NOLINTNEXTLINE(*-explicit-*): any carrier is an argument
  requires(!std::same_as<C, writer_ref>) writer_ref(C& carrier)
  noexcept : carrier_(&carrier), functions_(&functions_for<C>) {}

  /// As of the carrier.
  /// @{
  bool set(std::string_view name, std::string_view value) const noexcept {
    return functions_->set(carrier_, name, value);
  }
  bool erase(std::string_view name) const noexcept { return functions_->erase(carrier_, name); }
  /// @}

 private:
  struct functions {
    bool (*set)(void*, std::string_view, std::string_view) noexcept;
    bool (*erase)(void*, std::string_view) noexcept;
  };

  template <class C>
  static bool set_in(void* carrier, std::string_view name, std::string_view value) noexcept {
    WAYBILL_TRY {
      static_cast<C*>(carrier)->set(name, value);
      return true;
    }
    WAYBILL_CATCH_ALL { return false; }
  }
  template <class C>
  static bool erase_from(void* carrier, std::string_view name) noexcept {
    WAYBILL_TRY {
      static_cast<C*>(carrier)->erase(name);
      return true;
    }
    WAYBILL_CATCH_ALL { return false; }
  }
  template <class C>
  static constexpr functions functions_for{&set_in<C>, &erase_from<C>};

  void* carrier_;
  const functions* functions_;
};

}  // namespace waybill::inline v0
