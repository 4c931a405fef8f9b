using System.Text.Json.Nodes;

namespace CityHelper.Checks.TestCases;

/// <summary>Values for all variables that a request sends.</summary>
/// <param name="Options">The choices that differ from the usual values.</param>
/// <param name="Values">Values by variable.</param>
internal sealed record TestCase(IReadOnlyList<GroupOption> Options, IReadOnlyDictionary<string, WorstCaseValue> Values)
{
    /// <summary>The choices, as text.</summary>
    public string Label => Options.Count == 0 ? "the usual values" : string.Join(", ", Options.Select(option => option.Label));

    /// <summary>The variable whose cursor must still be found, or null.</summary>
    public string? Cursor => Values.FirstOrDefault(value => value.Value.IsDeepestPage).Key;

    /// <summary>The variables as a client sends them, without the cursor.</summary>
    public JsonObject Json() => new(Values.Where(value => !value.Value.IsDeepestPage)
        .Select(value => KeyValuePair.Create(value.Key, value.Value.Value?.DeepClone())));

    /// <summary>
    /// The usual values; each choice of each group alone; and pairs of choices of different groups with the largest page, as many as
    /// <see cref="Limits.TestCasesMax"/> leaves. Each group's first choices come first, since they are the worst cases.
    /// </summary>
    public static IReadOnlyList<TestCase> Of(IReadOnlyList<VariableGroup> groups)
    {
        GroupOption[] usual = [.. groups.Where(group => group.IsRequired).Select(group => group.Options[0])];
        GroupOption[] largest = [.. groups.Where(group => group.IsPageSize).Select(group => group.Options[^1])];
        VariableGroup[] paired = [.. groups.Where(group => !group.IsPageSize && group.Options.Count > (group.IsRequired ? 1 : 0))];
        IEnumerable<GroupOption[]> alone = groups
            .SelectMany(group => group.Options.Skip(group.IsRequired ? 1 : 0))
            .Select(option => new[] { option });
        IEnumerable<GroupOption[]> pairs = paired.SelectMany((left, i) => paired.Skip(i + 1).SelectMany(right => Pairs(left, right)))
            .OrderBy(pair => pair.Rank)
            .Select(pair => pair.Options);
        return [.. alone.Prepend([])
            .Concat(paired.SelectMany(group => group.Options).Select(option => new[] { option }.Concat(largest).ToArray()))
            .Concat(pairs.Select(pair => pair.Concat(largest).ToArray()))
            .Select(options => With(usual, options))
            .DistinctBy(test => $"{test.Json().ToJsonString()} {test.Cursor}")
            .Take(Limits.TestCasesMax)];
    }

    private static IEnumerable<(int Rank, GroupOption[] Options)> Pairs(VariableGroup left, VariableGroup right) =>
        left.Options.SelectMany((l, i) => right.Options.Select((r, j) => (i + j, new[] { l, r })));

    private static TestCase With(IEnumerable<GroupOption> usual, GroupOption[] options) =>
        new(options, usual.Concat(options)
            .SelectMany(option => option.Values)
            .GroupBy(value => value.Key)
            .ToDictionary(value => value.Key, value => value.Last().Value));
}
