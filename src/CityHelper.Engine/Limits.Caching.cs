namespace CityHelper.Engine;

/// <content>Limits of the response cache.</content>
public static partial class Limits
{
    /// <summary>
    /// How long answers about all rows of a tenant go without a change: a large city changes every second, and its statistics take 15 to
    /// 50 ms of PostgreSQL. Redactions and purges do not wait.
    /// </summary>
    public static readonly TimeSpan RowsLag = TimeSpan.FromSeconds(5);

    /// <summary>Bytes that stored answers may take, without settings: 10,000 maps with their compressed forms.</summary>
    public const long StoreBytes = 128 * 1024 * 1024;

    /// <summary>Bytes of a body that is kept: a larger one is the work of a free question, and would drive out a hundred maps.</summary>
    public const int StoredBodyBytesMax = 1024 * 1024;

    /// <summary>Bytes that a stored answer takes beside its texts: objects, headers, the entry of the store (measured: 1 kB).</summary>
    public const int StoredAnswerBytes = 1024;

    /// <summary>Values of <c>Accept</c>, and of <c>Accept-Encoding</c>, that are remembered: clients send a handful.</summary>
    public const int KnownHeadersMax = 64;

    /// <summary>Characters of such a value; a browser's has under 30, or under 140 where it asks for a page.</summary>
    public const int KnownHeaderCharsMax = 150;

    /// <summary>How long an answer is kept at most: as long as the recent changes, by which it is judged.</summary>
    public static readonly TimeSpan StoredAnswerAgeMax = TimeSpan.FromMinutes(10);

    /// <summary>
    /// How long a failure by time or database answers the same question: asked by a thousand, a count that times out runs once a second.
    /// </summary>
    public static readonly TimeSpan FailureKept = TimeSpan.FromSeconds(1);

    /// <summary>
    /// The time of an answer's batches from which on servers share it. An answer that is found in Redis takes 0.5 to 0.8 ms of CPU time
    /// whatever it took to read; one that is asked for in vain, read under a lease and shared takes 2 ms more. Both together are half of
    /// reading from 5 to 6.5 ms on, and a third at 10 ms (<c>eng/bench cache</c>). Below, those who meet a lease would wait longer
    /// (<see cref="LeaseLook"/>) than they read.
    /// </summary>
    public static readonly TimeSpan DearReading = TimeSpan.FromMilliseconds(10);

    /// <summary>Operations whose answers are asked for in Redis: far more than are published.</summary>
    public const int DearOperationsMax = 10_000;

    /// <summary>How long servers wait for the one that reads a dear answer; then each reads for itself.</summary>
    public static readonly TimeSpan LeaseTime = TimeSpan.FromSeconds(2);

    /// <summary>How often a waiting server looks: some looks per dear reading.</summary>
    public static readonly TimeSpan LeaseLook = TimeSpan.FromMilliseconds(25);

    /// <summary>Bytes of a shared answer: a stored body, and its tags.</summary>
    public const int SharedBytesMax = StoredBodyBytesMax + 2048;

    /// <summary>The age of what is known of a tenant's changes up to which answers are promised: eight pulses.</summary>
    public static readonly TimeSpan LogAgeUsual = TimeSpan.FromSeconds(2);

    /// <summary>From this age on nothing that is stored is valid, and the database is read.</summary>
    public static readonly TimeSpan LogAgeMax = TimeSpan.FromSeconds(30);

    /// <summary>When to ask again for a change that the primary does not have: a fail-over takes some seconds.</summary>
    public const int PositionRetrySeconds = 1;

    /// <summary>Tags of an answer: CloudFront takes 50 of an object. Of more, those of rows and cells become one.</summary>
    public const int TagsMax = 50;

    /// <summary>The finest zoom of a cell in a tag: that of the packed form.</summary>
    public const int CellZoomMax = 29;

    /// <summary>Changes within this time count as one: at most 21 groups wait then, and nobody sees a quarter of a second.</summary>
    public static readonly TimeSpan RowsLagGroup = TimeSpan.FromMilliseconds(250);
}
