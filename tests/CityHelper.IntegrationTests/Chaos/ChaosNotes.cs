using System.Collections.Concurrent;

namespace CityHelper.IntegrationTests.Chaos;

/// <summary>
/// The notes that writers sent, each unlike all others. Whatever happens, the history has none of them twice, and it has each that was
/// confirmed, unless the database went back to an earlier state after its last attempt had begun.
/// </summary>
internal sealed class ChaosNotes
{
    private readonly ConcurrentDictionary<string, int> _confirmed = new();
    private volatile int _loss;
    private int _sent;
    private int _refused;

    /// <summary>How often the database has gone back to an earlier state.</summary>
    public int Losses => _loss;

    /// <summary>How many notes were confirmed.</summary>
    public int Confirmed => _confirmed.Count;

    /// <summary>How many were refused, as an illegal change of status is.</summary>
    public int Refused => _refused;

    /// <summary>A new note.</summary>
    public string Next() => $"note {Interlocked.Increment(ref _sent)}";

    /// <summary>The database has gone back to an earlier state, and serves again.</summary>
    public void Lose() => _loss++;

    /// <summary>A writer was told that its change is done.</summary>
    /// <param name="note">The note of the change.</param>
    /// <param name="losses">The number of losses when the attempt began that was confirmed.</param>
    public void Confirm(string note, int losses) => _confirmed[note] = losses;

    /// <summary>A writer was told that its change is not done.</summary>
    public void Refuse() => Interlocked.Increment(ref _refused);

    /// <summary>The notes that the history must hold.</summary>
    public IEnumerable<string> Kept() => _confirmed.Where(note => note.Value == _loss).Select(note => note.Key);
}
