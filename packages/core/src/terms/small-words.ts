import { termOf } from './words.js'

// What people say in a talk whatever it is about. English words count in every text: people mix them in.
const english = words(
  `above after again also anything ask before below big can cannot could couldn't didn't doesn't don't each else few
  find first fine get give going good got great hadn't happy hasn't haven't hello help hey hi i'd i'll i'm i've idea
  isn't it's keep know last let let's like little long look looking lot love made make many maybe may might more most
  much must nah need new next nice not now off ok okay one only other our own perfect please pretty put quite really
  right said say see shall should show some something sorry soon still such sure take tell than thank thanks that's
  then there's thing things think today tomorrow too try two under until upon us use using very want way we're well
  what's which while will with without won't wonderful would wouldn't yeah year years yes yet you'd you'll you're you've`,
)

// Of other languages: German, French, Spanish, Italian, Portuguese, Dutch, Russian, Turkish and Arabic. Those that mean
// something in English (hat, war, son) are not among them.
const others = words(
  `aber alle als also am an auch auf aus bei bin bis bist bitte da danke dann das dass dein dem den der des dich die dir
  doch du durch ein eine einem einen einer eines er es etwas für gibt gut habe haben hallo hatte hier ich ihr ihre im
  immer in ist ja jetzt kann kannst kein keine können könnte mal mehr mein meine mich mir mit möchte muss nach nein
  nicht noch nur oder ohne schon sehr sein sich sie sind so soll suche über um und uns unter viel vom von vor wann warum
  was wäre wenn wer werden wie wieder will wir wird wo zu zum zur zwischen brauche gerne

  ai alors au aussi autre aux avec avez avoir bien bonjour ce cela ces cet cette comme comment dans de depuis deux dois
  donc du elle elles en entre est et être eu faire fait faut il ils je jusque la le les leur lui mais merci mes moi mon
  ne non nos notre nous ou où oui par pas peu peut peux plus plusieurs pourquoi pouvez pour puis qu quand que quel quelle
  quelque qui quoi sa salut sans se ses si sont suis sur ta te tes toi ton tous tout toute très tu un une vais veux voici
  voilà vos votre voudrais vous cherche besoin

  algo ante antes aquí así aunque buenas bueno buenos busco cada como cómo con contra cual cuál cuando cuánto de del
  desde donde dónde durante ella ellos eres es esa ese eso esta está estaba estar este esto estos estoy favor fue gracias
  ha hacer hasta hay hola la las le les lo los más me mi mis mucho muy nada necesito ni nos nosotros nuestro o otra otro
  para pero poco por porque puede puedo pues que qué quiero quién quisiera se sea según ser si sí sido sin sobre solo
  somos son soy su sus también tan tengo tiene todo todos tu tus un una uno unos usted y ya yo

  agli alla alle allo anche ancora avere bene buongiorno che chi ci ciao come con così cosa cui da dal dalla degli dei
  del della delle dello devo di dopo dove e ecco ed era essere fa fare fra già gli grazie ha hai hanno ho i il in io la
  lei li lo loro lui ma mia mio molto ne negli nel nella noi non nostro o ogni ora per perché più poi posso prego prima
  può qua quale quando quanto quella quello questa questo qui se sei senza si sia siamo solo sono sta sto su sua sul
  sulla suo tra tu tua tuo tutti tutto un una uno va voglio vorrei voi cerco bisogno

  ainda além alguma algum ao aos aquela aquele aqui até bem boa bom cada com da das de dele depois do dos e ela ele eles
  em entre era essa esse esta está estão estar estou eu faz favor fazer foi for gostaria há isso isto já lhe lá mais mas
  me mesmo meu minha muito na nas não nem no nos nós nossa nosso num numa o obrigada obrigado olá onde os ou para pela
  pelo pode pois por porque posso preciso qual quando que quem quero se sem ser seu seus sim sobre só sou sua também tem
  tenho ter tudo um uma você vocês vou

  aan al alles als ben bij daar dag dan dat de deze die dit doen door dus een en er ge geen graag haar had heb hebben
  heeft hem het hier hij hoe hun iets ik in is ja jij jou jouw kan kunnen maar mag me meer met mij mijn moet na naar nee
  niet niets nog nu of om omdat onder ons ook op over te toen tot u uit uw van veel voor waar waarom wat wel we wie wij
  wil willen worden wordt zal ze zich zij zijn zo zoek zonder zou

  а без более больше был была были было быть в вам вас во вот все всё вы где да даже для до его ее её если есть ещё еще
  же за здравствуйте и из или им их к как какая какие какой когда кто ли лучше мне много может можно мой моя мы на надо
  нам нас не него нет ни но ну нужен нужна нужно о об один он она они оно от очень по под пожалуйста после потом потому
  почему при привет про раз с сам себя сейчас со спасибо так также там те тем то тогда тоже только три тут ты у уже хочу
  хотел хотела чего чем что чтобы это этот эта эти этого я

  acaba ama ancak artık bana bazı belki ben beni benim bir biraz biri biz bu bunu burada çok çünkü da daha de değil diye
  en evet gibi hangi hayır hem hep her hiç için ile ise işte istiyorum kadar ki kim lazım lütfen merhaba mı mi mu mü
  nasıl ne neden nerede niye o olan olarak oldu olsun olur onu onun orada öyle sadece sana sen seni senin siz şey şu
  şimdi tabii tamam teşekkür teşekkürler var ve veya ya yani yok zaten arıyorum eder ederim

  من في على إلى عن مع هذا هذه ذلك تلك التي الذي الذين ما ماذا متى كيف أين لماذا هل لا لم لن نعم أن إن أو أم ثم لكن كل بعض غير
  قد كان كانت يكون هو هي هم أنا أنت نحن لي لك له لها لنا عند بعد قبل حتى أي جدا فقط أيضا شكرا مرحبا أريد أحتاج ابحث أبحث
  يوجد هناك هنا الآن من فضلك عليكم السلام`,
)

// Of Chinese: a pair of characters with one of them spans no word of its own, and such pairs are small words.
const glue = new Set('的了吗嗎呢吧啊呀是我你您他她它们們这這那哪什么麼怎很')
const smallPairs = words(
  `一个 一個 一些 一下 一部 一台 不是 不要 也是 买一 買一 今天 但是 你好 再见 几个 到底 包括 又要 只是 可以 告诉 告訴 因为 因為 在哪 多少 如何 如果 就是 已经 已經
  应该 應該 帮忙 幫忙 应当 想买 想買 想要 或者 所以 所有 推荐 推薦 明天 时候 時候 时间 時間 有没 沒有 没有 比较 比較 现在 現在 知道 給我 觉得 覺得 请问 請問 谢谢 謝謝 还有 還有
  还是 還是 除了 需要 非常 お願 願い 今日 明日`,
)

/** Whether a word says nothing about the topic of a talk. @param isEnglish Whether it stands in an English text. */
export function isSmallWord(word: string, isEnglish: boolean): boolean {
  return termOf(word) === undefined || english.has(word) || (!isEnglish && others.has(word))
}

/** Whether a pair of Chinese characters stands across two words, or for a small one. */
export function isGlue(pair: string): boolean {
  return smallPairs.has(pair) || Array.from(pair).some((character) => glue.has(character))
}

function words(list: string): ReadonlySet<string> {
  return new Set(list.trim().split(/\s+/))
}
