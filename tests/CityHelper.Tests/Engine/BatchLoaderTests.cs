using CityHelper.Engine;
using CityHelper.Engine.Execution;
using GraphQL.DataLoader;
using Xunit;

namespace CityHelper.Tests.Engine;

public sealed class BatchLoaderTests
{
    private readonly List<int[]> _calls = [];

    [Fact]
    public async Task What_one_level_asks_for_is_fetched_in_one_call()
    {
        BatchLoader<int, string> loader = Loader();
        IDataLoaderResult<string?>[] level = [.. new[] { 3, 1, 3, 2 }.Select(loader.Load)];
        Assert.Empty(_calls);
        Assert.Equal(["3", "1", "3", "2"], await ResultsAsync(level));
        Assert.Equal([3, 1, 2], Assert.Single(_calls));
    }

    [Fact]
    public async Task The_next_level_is_another_call_for_what_is_not_known_yet()
    {
        BatchLoader<int, string> loader = Loader();
        await ResultsAsync([loader.Load(1), loader.Load(2)]);
        Assert.Equal(["2", "4"], await ResultsAsync([loader.Load(2), loader.Load(4)]));
        Assert.Equal([4], _calls[1]);
        await ResultsAsync([loader.Load(1)]);
        Assert.Equal(2, _calls.Count);
    }

    [Fact]
    public async Task A_key_without_a_value_is_null_and_not_asked_for_again()
    {
        BatchLoader<int, string> loader = Loader();
        Assert.Null(await loader.Load(-1).GetResultAsync());
        Assert.Null(await loader.Load(-1).GetResultAsync());
        Assert.Single(_calls);
    }

    [Fact]
    public async Task A_call_has_a_bounded_number_of_keys()
    {
        BatchLoader<int, string> loader = Loader();
        await ResultsAsync([.. Enumerable.Range(0, Limits.LoaderKeysMax + 1).Select(loader.Load)]);
        Assert.Equal([Limits.LoaderKeysMax, 1], _calls.Select(c => c.Length));
    }

    [Fact]
    public async Task A_failed_call_fails_those_who_wait_and_is_tried_again()
    {
        int calls = 0;
        var loader = new BatchLoader<int, string>((keys, _) => calls++ == 0
            ? throw new InvalidOperationException("away")
            : Task.FromResult<IReadOnlyDictionary<int, string>>(keys.ToDictionary(k => k, k => "back")));
        await Assert.ThrowsAsync<InvalidOperationException>(() => loader.Load(1).GetResultAsync());
        Assert.Equal("back", await loader.Load(1).GetResultAsync());
    }

    private BatchLoader<int, string> Loader() => new((keys, _) =>
    {
        _calls.Add([.. keys]);
        return Task.FromResult<IReadOnlyDictionary<int, string>>(keys.Where(k => k >= 0)
            .ToDictionary(k => k, k => k.ToString(System.Globalization.CultureInfo.InvariantCulture)));
    });

    private static async Task<List<string?>> ResultsAsync(IDataLoaderResult<string?>[] level)
    {
        List<string?> results = [];
        foreach (IDataLoaderResult<string?> result in level)
        {
            results.Add(await result.GetResultAsync());
        }

        return results;
    }
}
