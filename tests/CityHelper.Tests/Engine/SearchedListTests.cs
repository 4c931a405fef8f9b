using CityHelper.Engine.Planning.Filters;
using Xunit;

namespace CityHelper.Tests.Engine;

/// <summary>Which lists use an index search (attack 38); the others are written as <c>(…) is true</c>.</summary>
public sealed class SearchedListTests
{
    private static readonly Condition s_key = new("key", ["id"]) { NamesRows = true };
    private static readonly Condition s_keys = new("keys", ["id"]) { NamesRows = true, ListColumn = "id" };
    private static readonly Condition s_category = new("category", ["category_id"]) { ListColumn = "category_id" };
    private static readonly Condition s_agency = new("agency", ["agency_id"]) { ListColumn = "agency_id" };
    private static readonly Condition s_plain = new("plain", ["title"]);

    [Fact]
    public void Lists_on_different_columns_are_searched_for() =>
        AssertSearched("category and agency and plain", s_category, s_agency, s_plain);

    [Fact]
    public void Of_lists_on_one_column_the_first_is_searched_for() =>
        AssertSearched("category and (category) is true and (category) is true", s_category, s_category, s_category);

    [Fact]
    public void Beside_keys_nothing_else_is_searched_for() =>
        AssertSearched("(category) is true and keys and (keys) is true and (agency) is true", s_category, s_keys, s_keys, s_agency);

    [Fact]
    public void Beside_one_key_no_list_is_searched_for() => AssertSearched("(category) is true and key", s_category, s_key);

    /// <summary>Lists inside an <c>or</c> are left as they are.</summary>
    [Fact]
    public void Alternatives_stay_as_they_are() =>
        AssertSearched("category and (keys or category and agency)", s_category, Either([s_keys], [s_category, s_agency]));

    /// <summary>A union writes an alternative first, then the conditions beside the <c>or</c>, whose lists were handled before.</summary>
    [Fact]
    public void An_alternative_comes_before_what_stands_beside_it()
    {
        AssertSearched("keys and (category) is true", s_keys, s_category);
        AssertSearched("category and agency and (category) is true", s_category, s_agency, s_category);
        AssertSearched("keys and (keys) is true and (category) is true", [s_keys, .. Condition.SearchingOnce([s_keys, s_category])]);
    }

    private static Condition Either(params Condition[][] alternatives) => Condition.Either(alternatives).Single();

    private static void AssertSearched(string expected, params Condition[] conditions) =>
        Assert.Equal(expected, Condition.All(Condition.SearchingOnce(conditions), "r"));
}
