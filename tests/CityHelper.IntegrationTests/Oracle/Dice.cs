namespace CityHelper.IntegrationTests.Oracle;

/// <summary>Random choices that the same seed repeats.</summary>
internal sealed class Dice(int seed)
{
    private readonly Random _random = new(seed);

    /// <summary>True with this probability in percent.</summary>
    public bool Chance(double percent) => _random.NextDouble() * 100 < percent;

    public int Below(int limit) => _random.Next(limit);

    /// <summary>Both ends are possible.</summary>
    public int Between(int least, int most) => _random.Next(least, most + 1);

    /// <summary>From 0 up to, not including, 1.</summary>
    public double Fraction() => _random.NextDouble();

    public T Pick<T>(IReadOnlyList<T> choices) => choices[_random.Next(choices.Count)];

    /// <summary>Each choice with a probability proportional to its weight.</summary>
    public T PickWeighted<T>(IReadOnlyList<T> choices, Func<T, int> weight)
    {
        int place = _random.Next(choices.Sum(weight));
        return choices.First(choice => (place -= weight(choice)) < 0);
    }

    public IReadOnlyList<T> Shuffled<T>(IEnumerable<T> items)
    {
        T[] shuffled = [.. items];
        _random.Shuffle(shuffled);
        return shuffled;
    }
}
