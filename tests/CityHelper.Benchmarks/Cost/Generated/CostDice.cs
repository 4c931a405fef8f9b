namespace CityHelper.Benchmarks.Cost.Generated;

/// <summary>Random choices that the same seed repeats.</summary>
internal sealed class CostDice(int seed)
{
    private readonly Random _random = new(seed);

    /// <summary>True with this probability in percent.</summary>
    public bool Chance(double percent) => _random.NextDouble() * 100 < percent;

    public int Below(int limit) => _random.Next(limit);

    /// <summary>From 0 up to, not including, 1.</summary>
    public double Fraction() => _random.NextDouble();

    public T Pick<T>(IReadOnlyList<T> choices) => choices[_random.Next(choices.Count)];

    /// <summary>A number in a range, with each order of magnitude equally likely.</summary>
    public int Sized(int least, int most) => (int)Math.Round(least * Math.Pow((double)most / least, _random.NextDouble()));

    /// <summary>A real number, chosen in the same way.</summary>
    public double Sized(double least, double most) => least * Math.Pow(most / least, _random.NextDouble());
}
